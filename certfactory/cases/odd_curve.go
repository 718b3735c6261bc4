package cases

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"io"
	"math/big"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// A weierstrass is a curve y² = x³ + ax + b over a prime field. It is here for the
// curves that the standard library does not know; it takes no care of timing.
type weierstrass struct {
	id                 []byte // OBJECT IDENTIFIER of the curve
	p, a, b, gx, gy, n *big.Int
}

func secp256k1() weierstrass {
	return weierstrass{
		certfactory.OID(1, 3, 132, 0, 10),
		hexInt("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"),
		big.NewInt(0), big.NewInt(7),
		hexInt("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
		hexInt("483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"),
		hexInt("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"),
	}
}

// brainpoolP256r1 is of RFC 5639 §3.4.
func brainpoolP256r1() weierstrass {
	return weierstrass{
		certfactory.OID(1, 3, 36, 3, 3, 2, 8, 1, 1, 7),
		hexInt("a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377"),
		hexInt("7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9"),
		hexInt("26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6"),
		hexInt("8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262"),
		hexInt("547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997"),
		hexInt("a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7"),
	}
}

func hexInt(s string) *big.Int {
	n, _ := new(big.Int).SetString(s, 16)
	return n
}

// add adds two points; a nil x is the point at infinity.
func (c weierstrass) add(x1, y1, x2, y2 *big.Int) (x, y *big.Int) {
	switch {
	case x1 == nil:
		return x2, y2
	case x2 == nil:
		return x1, y1
	}
	num, den := new(big.Int).Sub(y2, y1), new(big.Int).Sub(x2, x1)
	if x1.Cmp(x2) == 0 {
		if y1.Cmp(y2) != 0 {
			return nil, nil
		}
		num.Mul(x1, x1).Mul(num, big.NewInt(3)).Add(num, c.a)
		den.Lsh(y1, 1)
	}
	slope := num.Mul(num, new(big.Int).ModInverse(den.Mod(den, c.p), c.p))
	x = new(big.Int).Mul(slope, slope)
	x.Sub(x, x1).Sub(x, x2).Mod(x, c.p)
	y = new(big.Int).Sub(x1, x)
	y.Mul(y, slope).Sub(y, y1).Mod(y, c.p)
	return x, y
}

// multiple returns k times the base point.
func (c weierstrass) multiple(k *big.Int) (x, y *big.Int) {
	for i := k.BitLen() - 1; i >= 0; i-- {
		x, y = c.add(x, y, x, y)
		if k.Bit(i) == 1 {
			x, y = c.add(x, y, c.gx, c.gy)
		}
	}
	return x, y
}

// scalar is a number of 1 … n-1 out of a stream that must not end early.
func (c weierstrass) scalar(r io.Reader) *big.Int {
	b := make([]byte, len(c.n.Bytes()))
	_, _ = io.ReadFull(r, b)
	k := new(big.Int).SetBytes(b)
	k.Mod(k, new(big.Int).Sub(c.n, big.NewInt(1)))
	return k.Add(k, big.NewInt(1))
}

// key derives a key pair. Its signer claims to be of P-256, which makes
// crypto/tls use it for ecdsa_secp256r1_sha256 (0403): in TLS 1.2 that code stands
// for ECDSA on any curve.
func (c weierstrass) key(b *Bench) certfactory.OddKey {
	d := c.scalar(b.factory.Stream("odd curve " + b.tag))
	x, y := c.multiple(d)
	point := append([]byte{4}, x.FillBytes(make([]byte, 32))...)
	return certfactory.OddKey{
		Signer: weierstrassSigner{c, d, b.key("claimed").Public()},
		Info:   ecInfo(c.id, append(point, y.FillBytes(make([]byte, 32))...)),
	}
}

type weierstrassSigner struct {
	curve   weierstrass
	d       *big.Int
	claimed crypto.PublicKey
}

func (s weierstrassSigner) Public() crypto.PublicKey { return s.claimed }

// MarshalPKCS8 encodes the key as RFC 5915 has it, by the name of its curve.
func (s weierstrassSigner) MarshalPKCS8() ([]byte, error) {
	algorithm := sequence(certfactory.OID(1, 2, 840, 10045, 2, 1), s.curve.id)
	private := sequence(integer(1), octetString(s.d.FillBytes(make([]byte, len(s.curve.n.Bytes())))))
	return sequence(integer(0), algorithm, octetString(private)), nil
}

// Sign is ECDSA (FIPS 186-5 §6.4) with a nonce that is derived from key and digest.
func (s weierstrassSigner) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	mac := hmac.New(sha256.New, s.d.Bytes())
	mac.Write(digest)
	k := s.curve.scalar(bytes.NewReader(mac.Sum(nil)))
	x, _ := s.curve.multiple(k)
	r := x.Mod(x, s.curve.n)
	t := new(big.Int).Mul(r, s.d)
	t.Add(t, new(big.Int).SetBytes(digest[:min(len(digest), 32)]))
	t.Mul(t, k.ModInverse(k, s.curve.n)).Mod(t, s.curve.n)
	return sequence(bigInteger(r), bigInteger(t)), nil
}

// ecInfo is a SubjectPublicKeyInfo of id-ecPublicKey (RFC 5480 §2.1).
func ecInfo(parameters, point []byte) []byte {
	return keyInfo(sequence(certfactory.OID(1, 2, 840, 10045, 2, 1), parameters), point)
}

// keyInfo is a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
func keyInfo(algorithm, key []byte) []byte {
	return sequence(algorithm, certfactory.Element(certfactory.TagBitString, []byte{0}, key))
}
