package inspect

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// maxVerifiedBits is that of an RSA key with which a signature is verified, as in
// crypto/tls: beyond it one file could cost minutes.
const maxVerifiedBits = 8192

// maxVerified is the number of certificates up to which signatures are verified:
// no honest chain has more.
const maxVerified = 100

// A place is a certificate with its place in the entry, from 1.
type place struct {
	n    int
	cert *x509.Certificate
	err  error
}

func link(n int, der []byte) place {
	cert, err := x509.ParseCertificate(der)
	return place{n, cert, err}
}

// related reports whether any certificate names another one as its issuer.
func related(chain [][]byte) bool {
	subjects := make(map[string]int)
	var all []place
	for i, der := range chain {
		p := link(i+1, der)
		all = append(all, p)
		if p.err == nil {
			subjects[string(p.cert.RawSubject)] = i
		}
	}
	for i, p := range all {
		if p.err != nil {
			continue
		}
		if j, ok := subjects[string(p.cert.RawIssuer)]; ok && j != i {
			return true
		}
	}
	return false
}

// chain judges certificates as what a device presents.
func (j *judge) chain(chain [][]byte) {
	if len(chain) > j.MaxChainLength {
		j.object(0, "DC-CHAIN-10", must, "the chain has %d certificates: a platform accepts %d unless its maximum is raised", len(chain), j.MaxChainLength)
	}
	path := make([]place, 0, len(chain))
	readable := true
	for i, der := range chain {
		p := link(i+1, der)
		readable = j.common(p) && readable
		path = append(path, p)
	}
	if !readable {
		return
	}
	path = j.inOrder(chain, path)
	j.device(path[0])
	below := 0 // CA certificates between the device and the signer, but for self-issued ones
	for i, p := range path[1:] {
		j.signer(p)
		if i > 0 && !selfIssued(path[i].cert) {
			below++
		}
		if most := pathLen(p.cert); most >= 0 && below > most {
			j.object(p.n, "DC-CHAIN-05", must, "pathlen %d is exceeded: %d CA certificate(s) stand between it and the device", most, below)
		}
	}
}

// inOrder judges the links of a chain and returns it in the order that is right, if
// there is one.
func (j *judge) inOrder(chain [][]byte, path []place) []place {
	if len(path) > maxVerified {
		return path
	}
	for i, p := range path[1:] {
		child := path[i]
		if !bytes.Equal(p.cert.RawSubject, child.cert.RawIssuer) {
			sorted := sortPlaces(chain, path)
			j.object(p.n, "DC-CHAIN-09", should, "the chain is out of order: this is %q, but the one before was issued by %q%s",
				p.cert.Subject, child.cert.Issuer, orderHint(sorted))
			if sorted != nil {
				return sorted
			}
			return path
		}
		if !verifies(p.cert, child.cert) {
			j.object(child.n, "DC-CHAIN-07", must, "the signature was not made by the next certificate's key")
		}
	}
	return path
}

// sortPlaces returns the chain in the right order, nil if there is none.
func sortPlaces(chain [][]byte, path []place) []place {
	sorted, err := store.Sort(chain)
	if err != nil {
		return nil
	}
	left := slices.Clone(path)
	var list []place
	for _, der := range sorted {
		i := slices.IndexFunc(left, func(p place) bool { return bytes.Equal(p.cert.Raw, der) })
		list = append(list, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return list
}

func orderHint(sorted []place) string {
	if sorted == nil {
		return "; no order makes them a chain"
	}
	var numbers []string
	for _, p := range sorted {
		numbers = append(numbers, fmt.Sprint(p.n))
	}
	return "; the right order is " + strings.Join(numbers, ", ")
}

// verifies reports whether the signature is the issuer's. What the standard library
// does not verify gets the benefit of the doubt: the algorithm was objected to.
func verifies(issuer, cert *x509.Certificate) bool {
	if rsaBits(issuer.PublicKey) > maxVerifiedBits {
		return true
	}
	err := issuer.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature)
	_, insecure := errors.AsType[x509.InsecureAlgorithmError](err)
	return err == nil || insecure || errors.Is(err, x509.ErrUnsupportedAlgorithm)
}
