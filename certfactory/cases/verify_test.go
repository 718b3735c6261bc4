package cases_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"math/big"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// verifies reports whether the signature over a certificate is that of a key, by
// the algorithm that is named in what was signed.
func verifies(p *certfactory.Parts, key crypto.PublicKey, der []byte) bool {
	var cert struct{ TBS, Algorithm, Signature asn1.RawValue }
	if _, err := asn1.Unmarshal(der, &cert); err != nil {
		return false
	}
	alg, ok := map[string]x509.SignatureAlgorithm{
		"300a06082a8648ce3d040302":       x509.ECDSAWithSHA256,
		"300a06082a8648ce3d040303":       x509.ECDSAWithSHA384,
		"300a06082a8648ce3d040304":       x509.ECDSAWithSHA512,
		"300d06092a864886f70d01010b0500": x509.SHA256WithRSA,
		"300506032b6570":                 x509.PureEd25519,
	}[hex.EncodeToString(p.Algorithm)]
	if !ok {
		return false
	}
	issuer := &x509.Certificate{PublicKey: key}
	switch key.(type) {
	case *rsa.PublicKey:
		issuer.PublicKeyAlgorithm = x509.RSA
	case *ecdsa.PublicKey:
		issuer.PublicKeyAlgorithm = x509.ECDSA
	case ed25519.PublicKey:
		issuer.PublicKeyAlgorithm = x509.Ed25519
	}
	return issuer.CheckSignature(alg, cert.TBS.FullBytes, p.Signature) == nil
}

func describeParsedKey(key crypto.PublicKey) string {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d, exponent %d, modulus ends in %d", key.N.BitLen(), key.E, key.N.Bit(0))
	case *ecdsa.PublicKey:
		return key.Curve.Params().Name
	}
	return fmt.Sprintf("%T", key)
}

// describeKey tries whether the handshake would be signed by the key in the
// device certificate.
func describeKey(p certfactory.Presentation) string {
	digest := sha256.Sum256([]byte("handshake"))
	opts := crypto.SignerOpts(crypto.SHA256)
	message := digest[:]
	if _, ok := p.Key.Public().(ed25519.PublicKey); ok {
		opts, message = crypto.Hash(0), []byte("handshake")
	}
	signature, err := p.Key.Sign(nil, message, opts)
	if err != nil {
		return "cannot sign: " + err.Error()
	}
	cert, err := x509.ParseCertificate(p.Chain[0])
	if err != nil {
		return "fits" // or cannot be tried: what does not parse is declared elsewhere
	}
	fits := false
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		// crypto/rsa would refuse the odd keys for what they are.
		plain := new(big.Int).Exp(new(big.Int).SetBytes(signature), big.NewInt(int64(key.E)), key.N)
		fits = bytes.HasSuffix(plain.Bytes(), message)
	case *ecdsa.PublicKey:
		fits = ecdsa.VerifyASN1(key, message, signature)
	case ed25519.PublicKey:
		fits = ed25519.Verify(key, message, signature)
	}
	if fits {
		return "fits"
	}
	return "does not fit"
}
