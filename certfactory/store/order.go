package store

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
)

// An OrderError says which certificate of a chain does not stand behind one that
// it issued.
type OrderError struct {
	Index   int    // of the certificate, the device's being 0
	Subject string // of that certificate
	Issuer  string // whom the certificate before names
}

// Error returns one line with the place, counted from 1, and both names.
func (e *OrderError) Error() string {
	return fmt.Sprintf("certificate %d is out of order: it is %q, but the one before was issued by %q",
		e.Index+1, e.Subject, e.Issuer)
}

// CheckOrder says whether each certificate of a chain issued the one before it
// (DC-CERT-09): by its name and, where the standard library knows the algorithm,
// by the signature. The error is an [OrderError] or says which certificate cannot
// be read.
func CheckOrder(chain [][]byte) error {
	if err := checkLength(chain); err != nil {
		return err
	}
	var child link
	for i, der := range chain {
		l := newLink(der)
		if l.err != nil {
			return fmt.Errorf("certificate %d: %w", i+1, l.err)
		}
		if i > 0 && !l.issued(child) {
			return &OrderError{Index: i, Subject: l.cert.Subject.String(), Issuer: child.cert.Issuer.String()}
		}
		child = l
	}
	return nil
}

// Sort returns the certificates of a chain in order, the device's first. There has
// to be exactly one that issued none of the others, and a place for all the rest.
func Sort(chain [][]byte) ([][]byte, error) {
	if err := checkLength(chain); err != nil {
		return nil, err
	}
	pool := make([]link, len(chain))
	for i, der := range chain {
		if pool[i] = newLink(der); pool[i].err != nil {
			return nil, fmt.Errorf("certificate %d: %w", i+1, pool[i].err)
		}
	}
	w := &work{maxIterations}
	leaf, err := leafOf(pool, w)
	if err != nil {
		return nil, err
	}
	path, err := issuers(pool, leaf, w)
	if err != nil {
		return nil, err
	}
	sorted := make([][]byte, 0, len(chain))
	for _, i := range path {
		sorted = append(sorted, chain[i])
	}
	for i := range pool {
		if !slices.Contains(path, i) {
			return nil, fmt.Errorf("certificate %d (%q) has no place in the chain", i+1, pool[i].cert.Subject)
		}
	}
	return sorted, nil
}

func checkLength(chain [][]byte) error {
	if len(chain) == 0 {
		return errors.New("chain has no certificate")
	}
	if len(chain) > maxCertificates {
		return fmt.Errorf("chain of %d certificates: %w", len(chain), ErrLimit)
	}
	return nil
}

// A link is a certificate seen as the issuer or the issued; err says why it cannot
// be either.
type link struct {
	cert *x509.Certificate
	err  error
}

func newLink(der []byte) link {
	cert, err := x509.ParseCertificate(der)
	return link{cert, err}
}

// names reports whether the issuer that child names has the name of l.
func (l link) names(child link) bool {
	return l.err == nil && child.err == nil && bytes.Equal(l.cert.RawSubject, child.cert.RawIssuer)
}

// issued reports whether l issued child. What the standard library does not verify
// (MD5, SHA-1, an unknown algorithm), and RSA beyond maxRSABits, is taken on its name.
func (l link) issued(child link) bool {
	if !l.names(child) {
		return false
	}
	if key, ok := l.cert.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > maxRSABits {
		return true
	}
	c := child.cert
	err := l.cert.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature)
	var insecure x509.InsecureAlgorithmError
	return err == nil || errors.Is(err, x509.ErrUnsupportedAlgorithm) || errors.As(err, &insecure)
}

// cost is what a verification by the certificate's key counts for, in iterations of
// a hash: P-384 and P-521 take many times as long as the others.
func (l link) cost() int {
	if l.err == nil {
		if key, ok := l.cert.PublicKey.(*ecdsa.PublicKey); ok && key.Params().BitSize > 256 {
			return 8000
		}
	}
	return 1000
}

// fits reports whether a private key belongs to the certificate.
func (l link) fits(key crypto.Signer) bool {
	return l.err == nil && samePublicKey(l.cert.PublicKey, key.Public())
}

// samePublicKey compares the public keys of the standard library.
func samePublicKey(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// leafOf returns the place of the one certificate that issued none of the others.
func leafOf(pool []link, w *work) (int, error) {
	var leaves []int
	for i := range pool {
		parent, err := issuedAny(pool, i, w)
		if err != nil {
			return 0, err
		}
		if !parent {
			leaves = append(leaves, i)
		}
	}
	if len(leaves) != 1 {
		return 0, fmt.Errorf("%d of %d certificates issued none of the others, want 1", len(leaves), len(pool))
	}
	return leaves[0], nil
}

func issuedAny(pool []link, i int, w *work) (bool, error) {
	for j, child := range pool {
		if i == j || !pool[i].names(child) {
			continue
		}
		if err := w.spend(pool[i].cost()); err != nil {
			return false, err
		}
		if pool[i].issued(child) {
			return true, nil
		}
	}
	return false, w.spend(1)
}

// issuers returns the places of a certificate and of its issuers, in order, up to
// one that issued itself or whose issuer is not there. Where several have the name
// of an issuer, the signature decides, and failing that the first place.
func issuers(pool []link, leaf int, w *work) ([]int, error) {
	path := []int{leaf}
	for {
		child := pool[path[len(path)-1]]
		if err := w.spend(child.cost()); err != nil {
			return path, err
		}
		if child.err != nil || child.issued(child) {
			return path, nil
		}
		next, err := issuerOf(pool, child, path, w)
		if err != nil || next < 0 {
			return path, err
		}
		path = append(path, next)
	}
}

// issuerOf returns the place of the issuer of child, -1 if it is not in the pool
// or stands in the path already.
func issuerOf(pool []link, child link, path []int, w *work) (int, error) {
	if err := w.spend(len(pool)); err != nil {
		return 0, err
	}
	named := -1
	for i, l := range pool {
		if !l.names(child) {
			continue
		}
		if err := w.spend(l.cost()); err != nil {
			return 0, err
		}
		if slices.Contains(path, i) {
			continue
		}
		if l.issued(child) {
			return i, nil
		}
		if named < 0 {
			named = i
		}
	}
	return named, nil
}
