package cases

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"io"
	"math/big"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// An oddKey makes a key for a device that the factory does not make. Where the key
// can sign at all the handshake is signed with it, so that the key is the only
// fault; the rows that cannot are tagged [TagNoProof].
type oddKey func(*Bench) certfactory.OddKey

// oddLeaf gives the device such a key.
func oddLeaf(key oddKey) step {
	return func(p *plan) { leaf(certfactory.WithSigner(key(p.Bench)))(p) }
}

// rsaKey is the good key from which the bad RSA keys of a bench are made.
func (b *Bench) rsaKey(alg certfactory.Alg) *rsa.PrivateKey {
	return asRSA(b.factory.Key(alg, "rsa "+b.tag))
}

// rsaInfo is a SubjectPublicKeyInfo of rsaEncryption with numbers as they are encoded.
func rsaInfo(n, e []byte) []byte {
	algorithm := sequence(certfactory.OID(1, 2, 840, 113549, 1, 1, 1), certfactory.Element(certfactory.TagNull))
	return keyInfo(algorithm, sequence(n, e))
}

func exponent3(b *Bench) certfactory.OddKey {
	return certfactory.PlainRSA(certfactory.DeriveRSA(2048, 3, b.factory.Stream("exponent 3 "+b.tag)))
}

// exponent1 has a signature that is the padded digest itself.
func exponent1(b *Bench) certfactory.OddKey { return withExponent1(b.rsaKey(certfactory.RSA2048)) }

// asRSA is the key that the factory makes for an RSA algorithm of 1024 bits and more.
func asRSA(key crypto.Signer) *rsa.PrivateKey {
	k, _ := key.(*rsa.PrivateKey)
	return k
}

func withExponent1(key *rsa.PrivateKey) certfactory.OddKey {
	return certfactory.PlainRSA(&rsa.PrivateKey{PublicKey: rsa.PublicKey{N: key.N, E: 1}, D: big.NewInt(1)})
}

// hugeExponent has a public exponent of 2000 bits that fits its private one.
func hugeExponent(b *Bench) certfactory.OddKey {
	key := b.rsaKey(certfactory.RSA2048)
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(key.Primes[0], one), new(big.Int).Sub(key.Primes[1], one))
	bytes := make([]byte, 250)
	_, _ = io.ReadFull(b.factory.Stream("exponent "+b.tag), bytes)
	e := new(big.Int).SetBytes(bytes)
	e.SetBit(e, 1999, 1).SetBit(e, 0, 1)
	d := new(big.Int).ModInverse(e, phi)
	for ; d == nil; d = new(big.Int).ModInverse(e, phi) {
		e.Add(e, big.NewInt(2))
	}
	signer := certfactory.PlainRSA(&rsa.PrivateKey{PublicKey: key.PublicKey, D: d}).Signer
	return certfactory.OddKey{Signer: signer, Info: rsaInfo(bigInteger(key.N), bigInteger(e))}
}

// evenModulus is twice the product of two primes: RSA works with it, and whoever
// can halve has factored a part of it.
func evenModulus(b *Bench) certfactory.OddKey {
	key := b.rsaKey(certfactory.RSA2047)
	n := new(big.Int).Lsh(key.N, 1)
	return certfactory.PlainRSA(&rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: key.E}, D: key.D})
}

// negativeModulus leaves out the zero octet that makes the INTEGER positive.
func negativeModulus(b *Bench) certfactory.OddKey {
	key := b.rsaKey(certfactory.RSA2048)
	n := certfactory.Element(certfactory.TagInteger, key.N.Bytes())
	return certfactory.OddKey{Signer: key, Info: rsaInfo(n, bigInteger(big.NewInt(int64(key.E))))}
}

// modulus65536 is a number whose factors nobody knows; a shorter key signs.
func modulus65536(b *Bench) certfactory.OddKey {
	n := new(big.Int).SetBytes(garbage(b, 8192))
	n.SetBit(n, 65535, 1).SetBit(n, 0, 1)
	return certfactory.OddKey{Signer: b.rsaKey(certfactory.RSA2048), Info: rsaInfo(bigInteger(n), bigInteger(big.NewInt(65537)))}
}

// pssKey is an RSA key that says it is for RSASSA-PSS alone (RFC 4055 §1.2).
func pssKey(b *Bench) certfactory.OddKey {
	key := b.rsaKey(certfactory.RSA2048)
	info := keyInfo(sequence(certfactory.OID(1, 2, 840, 113549, 1, 1, 10)), x509.MarshalPKCS1PublicKey(&key.PublicKey))
	return certfactory.OddKey{Signer: key, Info: info}
}

// claiming has a key sign for which crypto/tls would not pick a scheme.
type claiming struct {
	crypto.Signer
	claimed crypto.PublicKey
}

func (s claiming) Public() crypto.PublicKey { return s.claimed }

// MarshalPKCS8 encodes the key that signs.
func (s claiming) MarshalPKCS8() ([]byte, error) { return certfactory.MarshalPKCS8(s.Signer) }

// p224 signs with a key on P-224 and claims one on P-256.
func p224(b *Bench) certfactory.OddKey {
	key := b.factory.Key(certfactory.P224, "p224 "+b.tag)
	info, _ := x509.MarshalPKIXPublicKey(key.Public()) // knows the curve
	return certfactory.OddKey{Signer: claiming{key, b.key("claimed").Public()}, Info: info}
}

func onSecp256k1(b *Bench) certfactory.OddKey { return secp256k1().key(b) }
func onBrainpool(b *Bench) certfactory.OddKey { return brainpoolP256r1().key(b) }

// p256With is a good P-256 key with another way to write it.
func p256With(parameters func() []byte, point func([]byte) []byte) oddKey {
	return func(b *Bench) certfactory.OddKey {
		key := b.key("device")
		var uncompressed []byte
		if pub, ok := key.Public().(*ecdsa.PublicKey); ok {
			uncompressed, _ = pub.Bytes() // fails off the curve only
		}
		return certfactory.OddKey{Signer: key, Info: ecInfo(parameters(), point(uncompressed))}
	}
}

func namedP256() []byte { return certfactory.OID(1, 2, 840, 10045, 3, 1, 7) }

// explicitP256 is P-256 as ECParameters (SEC 1 §C.2), which RFC 5480 §2.1.1 forbids.
func explicitP256() []byte {
	c := elliptic.P256().Params()
	octets := func(numbers ...*big.Int) []byte {
		var b []byte
		for _, n := range numbers {
			b = append(b, n.FillBytes(make([]byte, 32))...)
		}
		return b
	}
	field := sequence(certfactory.OID(1, 2, 840, 10045, 1, 1), bigInteger(c.P))
	a := new(big.Int).Sub(c.P, big.NewInt(3))
	curve := sequence(octetString(octets(a)), octetString(octets(c.B)))
	base := octetString(append([]byte{4}, octets(c.Gx, c.Gy)...))
	return sequence(integer(1), field, curve, base, bigInteger(c.N), integer(1))
}

func asItIs(point []byte) []byte { return point }

func compressed(point []byte) []byte {
	return append([]byte{2 + point[64]&1}, point[1:33]...)
}

// offCurve changes y to a number for which the equation does not hold.
func offCurve(point []byte) []byte {
	off := append([]byte(nil), point...)
	off[64] ^= 1
	return off
}

func infinity([]byte) []byte { return []byte{0} }

// withoutProof is a public key with which no TLS handshake can be signed here; a
// P-256 key signs in its place.
func withoutProof(info func(*Bench) []byte) oddKey {
	return func(b *Bench) certfactory.OddKey {
		return certfactory.OddKey{Signer: b.key("claimed"), Info: info(b)}
	}
}

func x25519Info(b *Bench) []byte {
	key, err := ecdh.X25519().NewPrivateKey(garbage(b, 32))
	if err != nil {
		return nil // 32 bytes are always a key
	}
	return keyInfo(sequence(certfactory.OID(1, 3, 101, 110)), key.PublicKey().Bytes())
}

// ed448Info holds the public key of the first test vector in RFC 8032 §7.4.
func ed448Info(*Bench) []byte {
	const blank = "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180"
	point, _ := hex.DecodeString(blank)
	return keyInfo(sequence(certfactory.OID(1, 3, 101, 113)), point)
}

// dsaInfo is a DSA key of 2048 bits (RFC 3279 §2.3.2) in a group that
// "openssl genpkey -genparam -algorithm DSA" made.
func dsaInfo(b *Bench) []byte {
	const (
		pHex = "dafc4120d8e68b1af4e732a2cdb9bcc097d8a4841b5f4bb3e4f71259820db9e788276e4c7d1f0ccc5b8ef843f41228ee9c4a89fdfce4e6d3771e5f6b71397dca" +
			"096f0ac7c9e018e1e36349eb76fe7063fa1349a95490cb7cfe409e0adabbe39cb14e5dd4ddf523c6ccdac74f81910e64e061a728357eb01fbce5e21ae5a22791" +
			"409377e64f01bad59cc93d66194a5998fcc9fd9cbd93bc9086f88a280268cac96bdb2ee38efd62d67a15a16d686e368ee81b396dfb417459413ad28a857c3c30" +
			"f12aaa04218891952e5507dc04c38375e87783217b43f051f8cf2dc427ee05f0c95fd21f32fddfaa66bb3b610d4df7f8bafbfd31d0a01c737d278e167834e43b"
		qHex = "9da64f5d13ddb41d79821f8db739e80a03e691b1236b3c8ceffd25bbe0e5106f"
		gHex = "1cc50da3bd5a693a73edf5aa8a6c09e061e6084fd52e33ccaa434f95f323d7297432bda00bd97747f949baf82851f599a4c98937db4b1059a95c4a3a0e49548b" +
			"94f990d511ee8b7793a75e5354a099e49b59ab7eae15127bf975c0305cb3826443a7757fa320dc835b6bbcdc4ecd9fffb16abc1ef246c91906f46b06b675d21d" +
			"5306c75ace69c4ebbcee1329437df3bbfa14064a03b8ea0f009187c930544b7dc15ad4cc2a9650b9768be558ff0ebd8bd0ceac119ea586c17dee7b0c3c393c86" +
			"88c6f2a3feed2371f9532d0e8540222b08d4148cb678285129a4fddf8ff2aebebbefc4e219a3448e2b7cad6796002bdaf6bedf0343a9a0a636aef3ecb89cc10e"
	)
	p, q, g := hexInt(pHex), hexInt(qHex), hexInt(gHex)
	y := new(big.Int).Exp(g, new(big.Int).SetBytes(garbage(b, 31)), p)
	parameters := sequence(bigInteger(p), bigInteger(q), bigInteger(g))
	return keyInfo(sequence(certfactory.OID(1, 2, 840, 10040, 4, 1), parameters), bigInteger(y))
}
