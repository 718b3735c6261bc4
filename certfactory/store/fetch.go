package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
)

// Fetch returns the chain that a server presents in the TLS handshake, in its order,
// the server's own certificate first (DC-CERT-13). Address is host:port; the server
// is asked for serverName, or for the host if that is empty. Nothing is verified,
// since this is how the certificate to be trusted is got in the first place: compare
// its fingerprint with what the operator of the server says.
//
// A server that then refuses the handshake, because no device certificate was shown
// to it, has presented its chain by that time, and Fetch returns it.
func Fetch(ctx context.Context, address, serverName string) ([][]byte, error) {
	if serverName == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fmt.Errorf("fetch server certificate: %w", err)
		}
		serverName = host
	}
	var chain [][]byte
	keep := func(raw [][]byte, _ [][]*x509.Certificate) error {
		chain = raw
		return nil
	}
	dialer := tls.Dialer{Config: &tls.Config{
		ServerName:            serverName,
		InsecureSkipVerify:    true, // see above
		VerifyPeerCertificate: keep,
	}}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err == nil {
		// Nothing was written that could be lost.
		_ = conn.Close()
	}
	if len(chain) > 0 {
		return chain, nil
	}
	if err == nil {
		err = errors.New("the handshake showed none")
	}
	return nil, fmt.Errorf("fetch server certificate from %s: %w", address, err)
}
