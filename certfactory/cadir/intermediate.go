package cadir

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"path/filepath"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// Intermediate makes a CA that this one signs, in a directory of that name below
// this one's: the steps of the specification's "Creating an intermediate
// certificate" (DC-CERT-03). Any number can stand side by side and below each
// other. An empty name stands for [DefaultIntermediate].
//
// The new CA has a key and a signing request of its own, intermediateCsr.pem,
// which is signed like any other.
func (a *Authority) Intermediate(name string, o Options) (*Authority, error) {
	if name == "" {
		name = DefaultIntermediate
	}
	if filepath.Base(name) != name || name[0] == '.' {
		return nil, fmt.Errorf("make intermediate CA: %q is no name of a directory", name)
	}
	l := layout{filepath.Join(a.settings.dir, name), intermediatePrefix}
	key, err := a.intermediate(l, o)
	if err != nil {
		return nil, fmt.Errorf("make intermediate CA: %w", err)
	}
	child, err := View(l.dir, a.env)
	if err != nil {
		return nil, err
	}
	child.key = key
	return child, nil
}

func (a *Authority) intermediate(l layout, o Options) (crypto.Signer, error) {
	if err := o.check(l); err != nil {
		return nil, err
	}
	key, err := keyFor(o.Key, o.Alg, a.env.Rand)
	if err != nil {
		return nil, err
	}
	r, err := request(key, o.Subject)
	if err != nil {
		return nil, err
	}
	files, err := o.files(l, key, a.env)
	if err != nil {
		return nil, err
	}
	// Empty directories do no harm, should nothing come of it.
	for _, dir := range []string{l.dir, l.newCerts(), l.crlDir()} {
		if err := a.env.disk.mkdir(dir, 0o755); err != nil {
			return nil, err
		}
	}
	so := SignOptions{Profile: ProfileCA, Days: o.Days, PathLen: o.PathLen, Force: o.Force}
	_, err = a.sign(r, so, func(cert *x509.Certificate) ([]newFile, error) {
		return append([]newFile{
			{l.path("Csr.pem"), MarshalRequest(r.Raw), 0o644},
			{l.path("Cert.pem"), certfactory.PEM(cert.Raw), 0o644},
		}, files...), nil
	})
	return key, err
}
