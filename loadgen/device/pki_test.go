package device_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// authority is a CA of the test's own; the package under test may not lean on the project's certificate factory.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func mustKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func newAuthority(tb testing.TB, name string) *authority {
	tb.Helper()
	key := mustKey(tb)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return &authority{cert: cert, key: key}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func (a *authority) issue(tb testing.TB, template *x509.Certificate, public crypto.PublicKey) []byte {
	tb.Helper()
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, public, a.key)
	if err != nil {
		tb.Fatal(err)
	}
	return der
}

// server issues a certificate for 127.0.0.1 and for names.
func (a *authority) server(tb testing.TB, names ...string) tls.Certificate {
	tb.Helper()
	key := mustKey(tb)
	der := a.issue(tb, &x509.Certificate{
		Subject: pkix.Name{CommonName: "server"}, DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, &key.PublicKey)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// device issues an identity with its chain up to the CA; expired ends its validity in the past.
func (a *authority) device(tb testing.TB, commonName string, expired bool) *device.Identity {
	tb.Helper()
	key := mustKey(tb)
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: commonName}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if expired {
		template.NotBefore, template.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	}
	return &device.Identity{Chain: [][]byte{a.issue(tb, template, &key.PublicKey), a.cert.Raw}, Key: key}
}

func mustWritePEM(tb testing.TB, path, kind string, blocks ...[]byte) string {
	tb.Helper()
	var out []byte
	for _, der := range blocks {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	if err := os.WriteFile(path, out, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// files writes what a server in another process needs: the CA, a server certificate and its key.
func (a *authority) files(tb testing.TB, dir string) (ca, cert, key string) {
	tb.Helper()
	server := a.server(tb, "localhost")
	der, err := x509.MarshalPKCS8PrivateKey(server.PrivateKey)
	if err != nil {
		tb.Fatal(err)
	}
	return mustWritePEM(tb, filepath.Join(dir, "ca.pem"), "CERTIFICATE", a.cert.Raw),
		mustWritePEM(tb, filepath.Join(dir, "server.pem"), "CERTIFICATE", server.Certificate...),
		mustWritePEM(tb, filepath.Join(dir, "server.key"), "PRIVATE KEY", der)
}
