package refimpl

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

const (
	// authoritySetting is where the platform keeps its authority: server certificate, CA
	// certificate and server key, in PEM.
	authoritySetting = "platform/authority"
	// renewBefore is how long before its end a server certificate is no longer used.
	renewBefore = 30 * 24 * time.Hour
)

// recallAuthority returns the authority that the registry has. Where it has none, or one that is
// about to expire or for other names, it makes a new one and leaves it there.
func recallAuthority(r *registry.Registry, names []string) (authority, error) {
	now := time.Now()
	if encoded, ok := r.Setting(authoritySetting); ok {
		a, err := decodeAuthority(encoded)
		if err != nil {
			return authority{}, fmt.Errorf("read server certificate: %w", err)
		}
		if a.serves(names, now) {
			return a, nil
		}
	}
	a, err := newAuthority(names, now)
	if err != nil {
		return authority{}, err
	}
	encoded, err := a.encode()
	if err != nil {
		return authority{}, fmt.Errorf("encode server certificate: %w", err)
	}
	r.SetSetting(authoritySetting, encoded)
	return a, nil
}

// serves reports whether the server certificate is for these names, and for long enough.
func (a authority) serves(names []string, now time.Time) bool {
	addresses, hosts := split(names)
	leaf := a.server.Leaf
	if !slices.Equal(leaf.DNSNames, hosts) || len(leaf.IPAddresses) != len(addresses) || leaf.Subject.CommonName != names[0] {
		return false
	}
	for i, ip := range addresses {
		if !leaf.IPAddresses[i].Equal(ip) {
			return false
		}
	}
	return now.Add(renewBefore).Before(leaf.NotAfter)
}

func (a authority) encode() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(a.server.PrivateKey)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, der := range a.server.Certificate {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	out.Write(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	return out.Bytes(), nil
}

func decodeAuthority(encoded []byte) (authority, error) {
	server, err := tls.X509KeyPair(encoded, encoded)
	if err != nil {
		return authority{}, err
	}
	ca := server.Certificate[len(server.Certificate)-1]
	return authority{pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca}), server: server}, nil
}
