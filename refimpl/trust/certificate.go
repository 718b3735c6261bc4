package trust

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"slices"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
)

// certificate applies what holds for every certificate by itself, the anchor's too.
// not-yet-valid goes first: a validity that ends before it begins was never valid.
func (r Rules) certificate(c *x509.Certificate, i int) *Refusal {
	switch {
	case r.Now.Before(c.NotBefore) && !r.overlooksBegin(i): // DC-CHAIN-12
		return refuse(NotYetValid, i, "notBefore is %s", c.NotBefore)
	case r.Now.After(c.NotAfter) && !r.overlooksEnd(c, i): // DC-CHAIN-12
		return refuse(Expired, i, "notAfter is %s", c.NotAfter)
	case len(c.UnhandledCriticalExtensions) > 0 && !r.overlooksExtension(i): // DC-CHAIN-16
		return refuse(UnknownCritical, i, "critical extension %v", c.UnhandledCriticalExtensions[0])
	case !strongSignature(c.SignatureAlgorithm) && !r.overlooksAlgorithm(c, i): // DC-CHAIN-13
		return refuse(WeakSignature, i, "signature algorithm %v", c.SignatureAlgorithm)
	case r.weakKey(c.PublicKey) != "" && !r.overlooksKey(c, i): // DC-CHAIN-13
		return refuse(WeakKey, i, "%s", r.weakKey(c.PublicKey))
	case badSerial(c.SerialNumber) && !r.Deviations.Has(deviation.IgnoresSerial): // DC-CHAIN-20, RFC 5280 section 4.1.2.2
		return refuse(BadSerial, i, "the serial number is not a positive integer of at most 20 octets")
	}
	if fault := strictDER(c.Raw); fault != "" && !r.Deviations.Has(deviation.AcceptsSloppyDER) { // DC-CHAIN-20
		return refuse(NotDER, i, "%s", fault)
	}
	return nil
}

// leaf applies what holds for the device's certificate only (DC-CHAIN-18).
func (r Rules) leaf(c *x509.Certificate) *Refusal {
	if !r.mayUse(c, x509.KeyUsageDigitalSignature) && !r.Deviations.Has(deviation.IgnoresDeviceKeyUsage) {
		return refuse(LeafKU, 0, "keyUsage lacks digitalSignature")
	}
	if len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 {
		return nil
	}
	client := func(u x509.ExtKeyUsage) bool {
		return u == x509.ExtKeyUsageClientAuth || u == x509.ExtKeyUsageAny
	}
	if !slices.ContainsFunc(c.ExtKeyUsage, client) && !r.overlooksPurpose(c) {
		return refuse(LeafEKU, 0, "extKeyUsage lacks clientAuth")
	}
	return nil
}

// mayUse reports whether keyUsage, where there is one, allows a use. The extension
// itself is looked for: one with no bit set is there, but Go reads it as 0, which is
// also what it reads where there is none.
func (r Rules) mayUse(c *x509.Certificate, use x509.KeyUsage) bool {
	if c.KeyUsage == 0 && r.Deviations.Has(deviation.EmptyKeyUsageIsNone) {
		return true
	}
	return !hasExtension(c, oidKeyUsage) || c.KeyUsage&use != 0
}

// strongSignature is a list of what is good, so that what nobody thought of is not.
func strongSignature(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512, x509.PureEd25519:
		return true
	}
	return false
}

// weakKey says what is wrong with a public key, or nothing.
func (r Rules) weakKey(public any) string {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < 2048 && !r.overlooksSize(k.N.BitLen()) {
			return "an RSA key of less than 2048 bits"
		}
		if k.E < 3 || k.E%2 == 0 { // RFC 8017 section 3.1
			return "an RSA exponent that is no exponent"
		}
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() && k.Curve != elliptic.P521() {
			return "a key on curve " + k.Curve.Params().Name
		}
	case ed25519.PublicKey:
	default:
		return "a key of an unknown kind"
	}
	return ""
}

func badSerial(n *big.Int) bool {
	octets := n.BitLen()/8 + 1 // with room for the sign, as DER encodes it
	return n.Sign() <= 0 || octets > 20
}
