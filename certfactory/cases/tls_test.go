package cases_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
)

// unprovable are the rows whose key crypto/tls does not take a signature from as a
// server, after it has shown the chain to whoever asks for it.
var unprovable = []string{"leaf-rsa512", "leaf-rsa-e1", "leaf-p224", "order-reversed"}

// TestRowsReachTheServer sends every row to crypto/tls as a server that judges no
// chain, in both versions. A row whose reason is "tls" must be refused there; all
// others must come through to whoever validates chains.
func TestRowsReachTheServer(t *testing.T) {
	server := serverCertificate(t)
	for _, c := range cases.All() {
		if tooLong(c) {
			continue
		}
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			if version == tls.VersionTLS13 && c.Tagged(cases.TagTLS12Only) {
				continue
			}
			t.Run(c.ID+"@"+tls.VersionName(version), func(t *testing.T) {
				presented, err := handshake(t, server, mustBuild(t, c, shared(), "bench"), version)
				if c.Reason == "tls" {
					if err == nil {
						t.Error("admitted")
					}
					return
				}
				if !presented {
					t.Errorf("the chain was not shown: %v", err)
				}
				if err != nil && !slices.Contains(unprovable, c.ID) {
					t.Errorf("handshake: %v", err)
				}
			})
		}
	}
}

func serverCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	server := shared().Root("server")
	der, err := server.DER()
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: server.Signer()}
}

// handshake connects as the device and returns whether the server saw the chain,
// and what the server's handshake ended with.
func handshake(t *testing.T, server tls.Certificate, p certfactory.Presentation, version uint16) (presented bool, err error) {
	t.Helper()
	near, far := connect(t)
	deadline := time.Now().Add(20 * time.Second)
	for _, c := range []net.Conn{near, far} {
		if err := c.SetDeadline(deadline); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		client := tls.Client(far, &tls.Config{
			InsecureSkipVerify: true, MinVersion: version, MaxVersion: version,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				return &tls.Certificate{Certificate: p.Chain, PrivateKey: p.Key}, nil
			},
		})
		// Reading takes the alert that a refusal sends; the server closes.
		_, _ = io.Copy(io.Discard, client)
		_ = far.Close()
	})
	srv := tls.Server(near, &tls.Config{
		Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAnyClientCert, MinVersion: version, MaxVersion: version,
		SessionTicketsDisabled: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			presented = slices.EqualFunc(state.PeerCertificates, p.Chain, func(c *x509.Certificate, der []byte) bool { return string(c.Raw) == string(der) })
			return nil
		},
	})
	err = srv.HandshakeContext(t.Context())
	_ = near.Close()
	wg.Wait()
	return presented, err
}

// connect returns two ends of a TCP connection. The ends of a pipe would wait for
// each other where the server sends its alert while the client still writes.
func connect(t *testing.T) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if far, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if near, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return near, far
}
