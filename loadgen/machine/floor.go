package machine

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/mlkem"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"slices"
	"time"
)

// A Floor is what a device's TLS handshake costs at the least: the operations of
// its public-key cryptography, without protocol, parsing and kernel.
type Floor struct {
	// Exchange is making a key and agreeing on a secret, Sign proving that the device
	// has its key, Verify checking one ECDSA P-256 signature of the server.
	Exchange, Sign, Verify time.Duration
	// Signatures is how many of the server's are checked: its proof in the handshake,
	// and with VerifyEach of a plan the one in its certificate.
	Signatures int
}

// Total is the floor of one handshake.
func (f Floor) Total() time.Duration {
	return f.Exchange + f.Sign + time.Duration(f.Signatures)*f.Verify
}

// MeasureFloor calibrates: it does each operation on this machine for some
// milliseconds, and takes the quickest. The server is taken to have a P-256 key.
func MeasureFloor(key crypto.Signer, curve tls.CurveID, signatures int) (Floor, error) {
	f := Floor{Signatures: signatures}
	server, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return f, fmt.Errorf("calibrate: %w", err)
	}
	digest := sha256.Sum256([]byte("handshake"))
	signature, err := ecdsa.SignASN1(rand.Reader, server, digest[:])
	if err != nil {
		return f, fmt.Errorf("calibrate: %w", err)
	}
	exchange, err := exchanger(curve)
	if err != nil {
		return f, fmt.Errorf("calibrate: %w", err)
	}
	for _, step := range []struct {
		took *time.Duration
		do   func() error
	}{
		{&f.Exchange, exchange},
		{&f.Sign, func() error { return sign(key, digest[:]) }},
		{&f.Verify, func() error {
			if !ecdsa.VerifyASN1(&server.PublicKey, digest[:], signature) {
				return fmt.Errorf("own signature does not verify")
			}
			return nil
		}},
	} {
		if *step.took, err = quickest(step.do); err != nil {
			return f, fmt.Errorf("calibrate: %w", err)
		}
	}
	return f, nil
}

// exchanger returns the device's part of a key exchange: a new key, and the secret
// agreed on with a peer's.
func exchanger(id tls.CurveID) (func() error, error) {
	curves := map[tls.CurveID]ecdh.Curve{
		tls.X25519: ecdh.X25519(), tls.CurveP256: ecdh.P256(), tls.CurveP384: ecdh.P384(), tls.CurveP521: ecdh.P521(),
		tls.X25519MLKEM768: ecdh.X25519(),
	}
	curve, ok := curves[id]
	if !ok {
		return nil, fmt.Errorf("no key exchange %v", id)
	}
	peer, err := curve.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	classic := func() error {
		own, err := curve.GenerateKey(rand.Reader)
		if err != nil {
			return err
		}
		_, err = own.ECDH(peer.PublicKey())
		return err
	}
	if id != tls.X25519MLKEM768 {
		return classic, nil
	}
	return func() error {
		own, err := mlkem.GenerateKey768()
		if err != nil {
			return err
		}
		_, ciphertext := own.EncapsulationKey().Encapsulate()
		if _, err := own.Decapsulate(ciphertext); err != nil {
			return err
		}
		return classic()
	}, nil
}

// sign signs as TLS 1.3 has each kind of key do, RFC 8446 §4.2.3.
func sign(key crypto.Signer, digest []byte) error {
	var opts crypto.SignerOpts = crypto.SHA256
	switch key.Public().(type) {
	case *rsa.PublicKey:
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	case *ecdsa.PublicKey:
	default:
		opts = crypto.Hash(0) // Ed25519 signs the message itself
	}
	_, err := key.Sign(rand.Reader, digest, opts)
	return err
}

// quickest returns the median of the quickest quarter: what an operation takes
// when nobody disturbs it, without trusting a single reading.
func quickest(do func() error) (time.Duration, error) {
	const least, bound = 16, 30 * time.Millisecond
	var took []time.Duration
	for end := time.Now().Add(bound); len(took) < least || time.Now().Before(end); {
		began := time.Now()
		if err := do(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took[len(took)/8], nil
}
