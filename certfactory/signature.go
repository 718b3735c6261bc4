package certfactory

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	_ "crypto/md5" // for MD5WithRSA
	"crypto/rsa"
	_ "crypto/sha1" // for SHA1WithRSA, ECDSAWithSHA1
	"crypto/x509"
	"fmt"
)

// A scheme is how one signature algorithm is named and made.
type scheme struct {
	hash       crypto.Hash
	identifier []byte // AlgorithmIdentifier
}

// schemeOf knows the algorithms that a certificate can be signed again with.
// RSASSA-PSS is not among them: only the standard library makes it, from a template.
func schemeOf(alg x509.SignatureAlgorithm) (scheme, error) {
	null := Element(TagNull)
	rsaID := func(last int) []byte { return Element(TagSequence, OID(1, 2, 840, 113549, 1, 1, last), null) }
	ecdsaID := func(arcs ...int) []byte {
		return Element(TagSequence, OID(append([]int{1, 2, 840, 10045, 4}, arcs...)...))
	}
	switch alg {
	case x509.MD5WithRSA:
		return scheme{crypto.MD5, rsaID(4)}, nil
	case x509.SHA1WithRSA:
		return scheme{crypto.SHA1, rsaID(5)}, nil
	case x509.SHA256WithRSA:
		return scheme{crypto.SHA256, rsaID(11)}, nil
	case x509.SHA384WithRSA:
		return scheme{crypto.SHA384, rsaID(12)}, nil
	case x509.SHA512WithRSA:
		return scheme{crypto.SHA512, rsaID(13)}, nil
	case x509.ECDSAWithSHA1:
		return scheme{crypto.SHA1, ecdsaID(1)}, nil
	case x509.ECDSAWithSHA256:
		return scheme{crypto.SHA256, ecdsaID(3, 2)}, nil
	case x509.ECDSAWithSHA384:
		return scheme{crypto.SHA384, ecdsaID(3, 3)}, nil
	case x509.ECDSAWithSHA512:
		return scheme{crypto.SHA512, ecdsaID(3, 4)}, nil
	case x509.PureEd25519:
		return scheme{0, Element(TagSequence, OID(1, 3, 101, 112))}, nil
	}
	return scheme{}, fmt.Errorf("no signature scheme for %v", alg)
}

// defaultAlgorithm is what the standard library signs with where a template
// names nothing.
func defaultAlgorithm(pub crypto.PublicKey) x509.SignatureAlgorithm {
	switch pub := pub.(type) {
	case *rsa.PublicKey:
		return x509.SHA256WithRSA
	case ed25519.PublicKey:
		return x509.PureEd25519
	case *ecdsa.PublicKey:
		switch pub.Curve {
		case elliptic.P384():
			return x509.ECDSAWithSHA384
		case elliptic.P521():
			return x509.ECDSAWithSHA512
		}
		return x509.ECDSAWithSHA256
	}
	return x509.UnknownSignatureAlgorithm
}

// sign signs a message. Without a source of randomness ECDSA is deterministic
// (RFC 6979), as PKCS #1 v1.5 and Ed25519 always are.
func (s scheme) sign(key crypto.Signer, message []byte) ([]byte, error) {
	return crypto.SignMessage(key, nil, message, s.hash)
}
