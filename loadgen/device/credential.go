package device

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/tls"
	"fmt"
	"io"
)

// credential answers the CertificateRequest of one handshake. crypto/tls finds it in the context of the handshake and not in its
// configuration: that it holds on to for the life of the connection.
type credential struct {
	identity   *Identity
	requested  bool
	sent       bool
	acceptable [][]byte
	version    uint16
	signing    error
}

type credentialKey struct{}

// context returns the context of the handshake that the credential is for. It is never over, so that crypto/tls starts no
// goroutine for it: the deadline of the connection serves in its place.
func (c *credential) context() context.Context {
	return context.WithValue(context.Background(), credentialKey{}, c)
}

// present answers with the credential of the handshake.
func present(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return request.Context().Value(credentialKey{}).(*credential).present(request)
}

// tlsConfig makes the client's side. GetClientCertificate rather than Certificates, since with these Go leaves out, and does not
// say so, a chain whose issuer is not in the server's list. Devices that have a Verifier in common have the configuration in
// common, too, unless there is something of their own in it.
func (c *Config) tlsConfig() *tls.Config {
	config := &tls.Config{
		ServerName:           c.ServerName,
		RootCAs:              c.RootCAs,
		MinVersion:           c.MinVersion,
		MaxVersion:           c.MaxVersion,
		CurvePreferences:     c.TLS.CurvePreferences,
		ClientSessionCache:   c.TLS.Sessions,
		Time:                 c.TLS.Time,
		GetClientCertificate: present,
	}
	if c.TLS.Verifier == nil {
		return config
	}
	config.InsecureSkipVerify = true // in favour of the Verifier, which is called for resumed sessions as well
	config.VerifyConnection = c.TLS.Verifier.judge(c.ServerName, c.RootCAs, c.TLS.Time)
	if c.TLS.Sessions == nil && c.TLS.Time == nil {
		return c.TLS.Verifier.common(config)
	}
	return config
}

func (c *credential) present(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	c.requested, c.acceptable, c.version = true, request.AcceptableCAs, request.Version
	if c.identity == nil || len(c.identity.Chain) == 0 {
		return &tls.Certificate{}, nil
	}
	c.sent = true
	return c.certificate(), nil
}

func (c *credential) certificate() *tls.Certificate {
	return &tls.Certificate{Certificate: c.identity.Chain, PrivateKey: &signer{Signer: passing(c.identity.Key), cred: c}}
}

// passing returns a copy of a key for one handshake. crypto/ecdsa remembers what it has reckoned out for a key for as long as
// the key is there: half a KiB for each device, which hardly ever signs again.
func passing(key crypto.Signer) crypto.Signer {
	if long, ok := key.(*ecdsa.PrivateKey); ok {
		short := *long
		return &short
	}
	return key
}

// unusable returns why our own key kept a handshake, that ended with err, from being done. A key that TLS can use and for which
// the server offers no signature scheme is not ours to answer for.
func (c *credential) unusable(err error) error {
	if c.signing != nil {
		return fmt.Errorf("sign the handshake: %w", c.signing)
	}
	if !c.sent || receivedAlert(err) != nil || timedOut(err) || peerGone(err) {
		return nil
	}
	anything := tls.CertificateRequestInfo{Version: c.version, SignatureSchemes: []tls.SignatureScheme{
		tls.Ed25519, tls.ECDSAWithP256AndSHA256, tls.ECDSAWithP384AndSHA384, tls.ECDSAWithP521AndSHA512,
		tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PSSWithSHA512,
		tls.PKCS1WithSHA256, tls.PKCS1WithSHA384, tls.PKCS1WithSHA512, tls.PKCS1WithSHA1, tls.ECDSAWithSHA1,
	}}
	if err := anything.SupportsCertificate(c.certificate()); err != nil {
		return fmt.Errorf("use a key of type %T with %s: %w", c.identity.Key, tls.VersionName(c.version), err)
	}
	return nil
}

// signer remembers that signing went wrong; crypto/tls turns the error into text and an alert to the server.
type signer struct {
	crypto.Signer
	cred *credential
}

// Sign implements crypto.Signer.
func (s *signer) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	signature, err := s.Signer.Sign(rand, digest, opts)
	if err != nil {
		s.cred.signing = err
	}
	return signature, err
}
