package fleet

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen"
)

// seeded makes devices from the seed.
type seeded struct{ *certfactory.Fleet }

// newSeeded describes the CA of the fleet, with as many intermediates as the chain
// length asks for.
func newSeeded(factory *certfactory.Factory, plan *loadgen.Plan) seeded {
	issuer := factory.Root("chainmail load CA " + factory.Tag("load CA"))
	for i := range plan.ChainLength - 2 {
		issuer = factory.Intermediate(issuer, fmt.Sprintf("chainmail load CA %d %s", i+1, factory.Tag("load CA")))
	}
	return seeded{factory.Fleet(issuer, plan.Devices, plan.Alg())}
}

func (s seeded) device(i int) (chain [][]byte, key crypto.Signer, err error) { return s.Make(i) }

func (s seeded) clientID(i int) (string, error) { return s.CommonName(i), nil }

func (s seeded) above() ([][]byte, error) { return s.Above() }

// packed has devices from a file of `chainmail certs fleet`.
type packed struct{ *certfactory.PackedFleet }

func openPacked(path string, devices int) (source, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	fleet, err := certfactory.ReadPacked(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if fleet.Len() < devices {
		return nil, fmt.Errorf("%s: it has %d devices, the plan wants %d", path, fleet.Len(), devices)
	}
	return packed{fleet}, nil
}

func (p packed) device(i int) (chain [][]byte, key crypto.Signer, err error) { return p.Device(i) }

// clientID takes the common name out of the certificate (DC-ID-03).
func (p packed) clientID(i int) (string, error) {
	chain, _, err := p.Device(i)
	if err != nil {
		return "", err
	}
	cert, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return "", err
	}
	return cert.Subject.CommonName, nil
}

func (p packed) above() ([][]byte, error) { return p.Above() }
