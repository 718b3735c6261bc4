package trust

import (
	"bytes"
	"crypto"
	"crypto/md5"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"math/big"
)

// signed verifies one signature and nothing else, unlike CheckSignatureFrom. Whether
// algorithm and key are good enough is asked elsewhere; so it verifies with some that
// the standard library will not touch.
func signed(child, issuer *x509.Certificate) error {
	err := issuer.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature)
	key, ok := issuer.PublicKey.(*rsa.PublicKey)
	switch {
	case ok && child.SignatureAlgorithm == x509.MD5WithRSA:
		sum := md5.Sum(child.RawTBSCertificate)
		err = rsa.VerifyPKCS1v15(key, crypto.MD5, sum[:], child.Signature)
	case ok && child.SignatureAlgorithm == x509.SHA256WithRSA && (key.N.BitLen() < 1024 || key.E < 2):
		err = verifySmall(key, child.RawTBSCertificate, child.Signature)
	}
	if err != nil {
		return errors.New("the signature is not that of the next certificate's key")
	}
	return nil
}

// verifySmall is RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2.2) for a key of any
// size and exponent.
func verifySmall(key *rsa.PublicKey, message, signature []byte) error {
	sum := sha256.Sum256(message)
	digestInfo := append([]byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}, sum[:]...)
	size := (key.N.BitLen() + 7) / 8
	if size < len(digestInfo)+11 || len(signature) != size {
		return rsa.ErrVerification
	}
	padding := bytes.Repeat([]byte{0xff}, size-len(digestInfo)-3)
	want := bytes.Join([][]byte{{0, 1}, padding, {0}, digestInfo}, nil)
	got := new(big.Int).Exp(new(big.Int).SetBytes(signature), big.NewInt(int64(key.E)), key.N)
	if !bytes.Equal(got.FillBytes(make([]byte, size)), want) {
		return rsa.ErrVerification
	}
	return nil
}
