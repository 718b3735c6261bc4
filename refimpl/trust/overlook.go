package trust

import (
	"crypto/x509"
	"slices"
	"strings"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
)

// What follows is asked once a rule is broken: whether a deviation overlooks it. With
// no deviation nothing is overlooked.

// overlooksBegin is asked about certificate i before its notBefore.
func (r Rules) overlooksBegin(i int) bool {
	return r.Deviations.Has(deviation.IgnoresNotBefore) || r.overlooksDates(i)
}

// overlooksEnd is asked about certificate i after its notAfter.
func (r Rules) overlooksEnd(c *x509.Certificate, i int) bool {
	const day = 24
	switch d := r.Deviations; {
	case d.Has(deviation.AcceptsExpired):
		return true
	case d.Has(deviation.GraceOfADay):
		return r.Now.Sub(c.NotAfter).Hours() < day
	case d.Has(deviation.ReadsUTCTimeAs20YY):
		return c.NotAfter.Year() < 2000 && !r.Now.After(c.NotAfter.AddDate(100, 0, 0))
	}
	return r.overlooksDates(i)
}

func (r Rules) overlooksDates(i int) bool {
	return i > 0 && r.Deviations.Has(deviation.DatesOfDeviceOnly) || i == 0 && r.Deviations.Has(deviation.DatesOfCAsOnly)
}

// overlooksExtension is asked about an unknown critical extension in certificate i.
func (r Rules) overlooksExtension(i int) bool {
	return r.Deviations.Has(deviation.IgnoresUnknownCritical) ||
		i == 0 && r.Deviations.Has(deviation.IgnoresUnknownCriticalInLeaf) ||
		i > 0 && r.Deviations.Has(deviation.IgnoresUnknownCriticalInCAs)
}

// overlooksAlgorithm is asked about a signature algorithm that is not known to be good.
func (r Rules) overlooksAlgorithm(c *x509.Certificate, i int) bool {
	switch c.SignatureAlgorithm {
	case x509.SHA1WithRSA, x509.ECDSAWithSHA1:
		return r.Deviations.Has(deviation.AcceptsSHA1) || i > 0 && r.Deviations.Has(deviation.WeakSignaturesAboveLeaf)
	case x509.MD5WithRSA:
		return r.Deviations.Has(deviation.AcceptsMD5)
	}
	return r.skipsSignature(c)
}

// skipsSignature is asked about an algorithm that is not known at all.
func (r Rules) skipsSignature(c *x509.Certificate) bool {
	return c.SignatureAlgorithm == x509.UnknownSignatureAlgorithm && r.Deviations.Has(deviation.SkipsUnknownAlgorithms)
}

// overlooksSignature is asked where the signature of certificate i is not that of the next.
func (r Rules) overlooksSignature(chain []*x509.Certificate, i int) bool {
	last := i == len(chain)-2
	switch d := r.Deviations; {
	case d.Has(deviation.IgnoresSignatures):
		return true
	case d.Has(deviation.IgnoresLeafSignature):
		return i == 0
	case d.Has(deviation.IgnoresSignaturesAboveLeaf):
		return i > 0
	case d.Has(deviation.IgnoresSignatureUnderRoot):
		return i > 0 && last
	case d.Has(deviation.IgnoresMiddleSignatures):
		return i > 0 && !last
	}
	return r.skipsSignature(chain[i])
}

// overlooksKey is asked about a weak key in certificate i.
func (r Rules) overlooksKey(c *x509.Certificate, i int) bool {
	return i > 0 && r.Deviations.Has(deviation.WeakKeysAboveLeaf) ||
		c.PublicKeyAlgorithm == x509.RSA && r.Deviations.Has(deviation.AcceptsAnyRSAKey)
}

// overlooksSize is asked about an RSA key of fewer than 2048 bits.
func (r Rules) overlooksSize(bits int) bool {
	return bits >= 1024 && r.Deviations.Has(deviation.AcceptsRSA1024) ||
		(bits+7)/8 == 2048/8 && r.Deviations.Has(deviation.RoundsRSASize)
}

// overlooksPurpose is asked about an extKeyUsage that leaves clientAuth out.
func (r Rules) overlooksPurpose(c *x509.Certificate) bool {
	return r.Deviations.Has(deviation.IgnoresExtKeyUsage) ||
		!critical(c, oidExtKeyUsage) && r.Deviations.Has(deviation.IgnoresNoncriticalPurpose)
}

// overlooksName is asked where the issuer of a certificate is not the subject of the next.
func (r Rules) overlooksName(child, issuer *x509.Certificate) bool {
	return r.Deviations.Has(deviation.IgnoresNames) ||
		child.Issuer.CommonName == issuer.Subject.CommonName && r.Deviations.Has(deviation.LinksByCommonName)
}

// overlooksNoCA is asked about a signer that does not say CA:TRUE.
func (r Rules) overlooksNoCA(c *x509.Certificate) bool {
	return r.Deviations.Has(deviation.IgnoresCAFlag) ||
		!c.BasicConstraintsValid && r.Deviations.Has(deviation.MissingConstraintsMeanCA)
}

// overlooksKeyUsage is asked about a signer whose keyUsage lacks keyCertSign.
func (r Rules) overlooksKeyUsage(c *x509.Certificate) bool {
	return r.Deviations.Has(deviation.IgnoresKeyUsage) || selfIssued(c) && r.Deviations.Has(deviation.IgnoresKeyUsageOfRoot)
}

// overlooksPathLen is asked where there are more CA certificates below certificate i
// than its pathLenConstraint allows.
func (r Rules) overlooksPathLen(chain []*x509.Certificate, i, excess int) bool {
	limit, _ := pathLen(chain[i])
	switch d := r.Deviations; {
	case d.Has(deviation.IgnoresPathLen):
		return true
	case d.Has(deviation.PathLenOfRootOnly):
		return i < len(chain)-1
	case d.Has(deviation.PathLenNotOfRoot):
		return i == len(chain)-1
	case d.Has(deviation.PathLenOfNearestOnly):
		return slices.ContainsFunc(chain[1:i], func(c *x509.Certificate) bool { _, ok := pathLen(c); return ok })
	case d.Has(deviation.PathLenZeroIsNone):
		return limit == 0
	case d.Has(deviation.PathLenOnlyZero):
		return limit > 0
	case d.Has(deviation.PathLenOffByOne):
		return excess == 1
	}
	return false
}

// overlooksClientID is asked where a Client Identifier does not name the device of a
// certificate. That the two are the same text is no fault where a common name may hold
// a colon.
func (r Rules) overlooksClientID(clientID, device, commonName string) bool {
	return clientID == commonName || r.Deviations.Has(deviation.IgnoresClientID) ||
		strings.EqualFold(device, commonName) && r.Deviations.Has(deviation.ClientIDIgnoresCase) ||
		strings.HasPrefix(device, commonName) && r.Deviations.Has(deviation.ClientIDByPrefix) ||
		clientID == "" && r.Deviations.Has(deviation.FillsInClientID)
}
