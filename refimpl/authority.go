package refimpl

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
)

// An authority is the CA that signs the platform's server certificate. A device trusts it, or
// the server certificate itself (DC-TLS-05), so that both last as long as the platform's data.
type authority struct {
	pem    []byte
	server tls.Certificate
}

// newAuthority makes the CA and the server certificate. They are good by the real clock,
// which is the one that clients go by, whatever clock the platform is given.
func newAuthority(names []string, now time.Time) (authority, error) {
	ca, caKey, err := certify(&x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{Organization: []string{"chainmail"}, CommonName: "Reference platform " + rand.Text()[:8]},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, nil, nil)
	if err != nil {
		return authority{}, fmt.Errorf("make CA of the server certificate: %w", err)
	}
	addresses, hosts := split(names)
	server, serverKey, err := certify(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: names[0]},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: addresses, DNSNames: hosts,
	}, ca, caKey)
	if err != nil {
		return authority{}, fmt.Errorf("make server certificate: %w", err)
	}
	return authority{
		pem:    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw}),
		server: tls.Certificate{Certificate: [][]byte{server.Raw, ca.Raw}, PrivateKey: serverKey, Leaf: server},
	}, nil
}

// mqttCertificate is the server certificate of the MQTT port.
func (p *Platform) mqttCertificate(d deviation.Set) (tls.Certificate, error) {
	if d.Has(deviation.ServesAnotherCertificate) { // DC-TLS-05
		another, err := newAuthority([]string{"another.invalid"}, time.Now())
		return another.server, err
	}
	return p.authority.server, nil
}

// certify makes a key and a certificate for it; without an issuer it signs itself.
func certify(template, issuer *x509.Certificate, issuerKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if issuer == nil {
		issuer, issuerKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, issuerKey)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return certificate, key, err
}

// split tells addresses from host names.
func split(names []string) (addresses []net.IP, hosts []string) {
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			addresses = append(addresses, ip)
		} else {
			hosts = append(hosts, name)
		}
	}
	return addresses, hosts
}
