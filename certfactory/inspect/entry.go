package inspect

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"

	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// addCertificates adds the certificates of a file that holds no private key.
func (f *File) addCertificates(chain [][]byte, c Config) {
	e := Entry{Kind: KindCertificate, Certificates: describeAll(chain)}
	j := judge{Config: c}
	switch {
	case len(chain) == 1:
		j.alone(link(1, chain[0]))
	case related(chain):
		e.Kind = KindChain
		j.chain(chain)
	default:
		e.Kind = KindCertificates
		for i, der := range chain {
			j.alone(link(i+1, der))
		}
	}
	f.add(e, j)
}

func (f *File) add(e Entry, j judge) {
	f.Entries = append(f.Entries, e)
	f.Objections = append(f.Objections, j.objections...)
}

// addKeyAndChain adds what the device has to log in with, in PEM.
func (f *File) addKeyAndChain(b *pem.Block, chain [][]byte, c Config) error {
	key, described, err := openKey(b, c)
	if err != nil {
		return err
	}
	j := judge{Config: c}
	j.key(described)
	j.entry(store.Entry{Key: key, Chain: chain})
	f.add(Entry{Kind: KindPrivateKey, Key: described, Certificates: describeAll(chain)}, j)
	return nil
}

func (f *File) addKey(b *pem.Block, c Config) error {
	_, described, err := openKey(b, c)
	if err != nil {
		return err
	}
	j := judge{Config: c}
	j.key(described)
	f.add(Entry{Kind: KindPrivateKey, Key: described}, j)
	return nil
}

// openKey opens a private key as far as the password allows: an encrypted one
// stays closed where none is given.
func openKey(b *pem.Block, c Config) (crypto.Signer, *Key, error) {
	password := c.Password
	if c.KeyPassword != "" {
		password = c.KeyPassword
	}
	encrypted := strings.HasPrefix(b.Type, "ENCRYPTED") || strings.Contains(b.Headers["Proc-Type"], "ENCRYPTED")
	key, err := store.ParseKey(pem.EncodeToMemory(b), password)
	if errors.Is(err, store.ErrPassword) && password == "" {
		return nil, &Key{Encrypted: true}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	described := describeKey(key)
	described.Encrypted = encrypted
	described.InTheClear = !encrypted
	return key, described, nil
}

// addRequest adds a signing request.
func (f *File) addRequest(der []byte) {
	var j judge
	e := Entry{Kind: KindRequest}
	r, err := x509.ParseCertificateRequest(der)
	if err != nil {
		e.Request = &Request{Unreadable: err.Error()}
		j.object(0, "DC-CERT-06", must, "the request cannot be read: %v", err)
		f.add(e, j)
		return
	}
	e.Request = describeRequest(r)
	j.request(r)
	f.add(e, j)
}

// addRevocationList adds a CRL.
func (f *File) addRevocationList(der []byte, c Config) {
	j := judge{Config: c}
	e := Entry{Kind: KindRevocationList}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		e.RevocationList = &RevocationList{Unreadable: err.Error()}
		j.object(0, "DC-CERT-10", must, "the revocation list cannot be read: %v", err)
		f.add(e, j)
		return
	}
	e.RevocationList = describeRevocationList(list)
	j.revocationList(list)
	f.add(e, j)
}

// rsaBits returns the length of an RSA key, 0 for other kinds.
func rsaBits(public crypto.PublicKey) int {
	if key, ok := public.(*rsa.PublicKey); ok {
		return key.N.BitLen()
	}
	return 0
}
