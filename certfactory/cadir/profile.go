package cadir

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// A Profile is the section of the configuration that lists the extensions of a
// certificate, as the option -extensions of "openssl ca" has it.
type Profile string

// The profiles of the specification's configuration.
const (
	ProfileCA     Profile = "v3_ca"     // may sign others (DC-CERT-01)
	ProfileDevice Profile = "v3_signed" // may not (DC-CERT-02)
)

// rsaVariant is the ending of a section that takes precedence for RSA keys: they
// alone may have keyEncipherment (RFC 8813 §3).
const rsaVariant = "_rsa"

var (
	oidSubjectKeyID     = asn1.ObjectIdentifier{2, 5, 29, 14}
	oidKeyUsage         = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidAuthorityKeyID   = asn1.ObjectIdentifier{2, 5, 29, 35}
	oidExtKeyUsage      = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidInvalidityDate   = asn1.ObjectIdentifier{2, 5, 29, 24}
	oidHoldInstruction  = asn1.ObjectIdentifier{2, 5, 29, 23}
)

// An extensionMaker turns a section into extensions for one certificate.
type extensionMaker struct {
	public  crypto.PublicKey
	keyID   []byte            // of public
	issuer  *x509.Certificate // nil: the certificate signs itself
	pathLen *int              // nil: as the section says
}

// extensions makes what a section of the configuration lists, in its order.
func (c *config) extensions(profile Profile, m extensionMaker) ([]pkix.Extension, error) {
	section := string(profile)
	if _, ok := c.sections[section+rsaVariant]; ok && isRSA(m.public) {
		section += rsaVariant
	}
	if _, ok := c.sections[section]; !ok {
		return nil, fmt.Errorf("read config %s: no section %q", c.file, section)
	}
	var err error
	if m.keyID, err = keyID(m.public); err != nil {
		return nil, err
	}
	var list []pkix.Extension
	for _, s := range c.sections[section] {
		if last, _ := c.find(section, s.name); last.line != s.line {
			continue
		}
		e, err := m.extension(s.name, s.value)
		if err != nil {
			return nil, c.errorf(s.line, "%s: %w", s.name, err)
		}
		if e.Value != nil {
			list = append(list, e)
		}
	}
	return list, nil
}

// extension makes one extension; none (no Value) if there is nothing to say.
func (m extensionMaker) extension(name, value string) (pkix.Extension, error) {
	var words []string
	for word := range strings.SplitSeq(value, ",") {
		words = append(words, strings.TrimSpace(word))
	}
	e := pkix.Extension{Critical: words[0] == "critical"}
	if e.Critical {
		words = words[1:]
	}
	var err error
	switch name {
	case "subjectKeyIdentifier":
		e.Id = oidSubjectKeyID
		e.Value, err = m.subjectKeyID(words)
	case "authorityKeyIdentifier":
		e.Id = oidAuthorityKeyID
		e.Value, err = m.authorityKeyID(words)
	case "basicConstraints":
		e.Id = oidBasicConstraints
		e.Value, err = m.basicConstraints(words)
	case "keyUsage":
		e.Id = oidKeyUsage
		e.Value, err = m.keyUsage(words)
	case "extendedKeyUsage":
		e.Id = oidExtKeyUsage
		e.Value, err = extKeyUsage(words)
	default:
		err = errors.New("this extension is not known")
	}
	return e, err
}

func (m extensionMaker) subjectKeyID(words []string) ([]byte, error) {
	switch strings.Join(words, ",") {
	case "hash":
		return asn1.Marshal(m.keyID)
	case "none":
		return nil, nil
	}
	return nil, errors.New(`want "hash" or "none"`)
}

// authorityKeyID names the issuer's key, or the issuer's certificate where the
// key has no identifier or the configuration insists.
func (m extensionMaker) authorityKeyID(words []string) ([]byte, error) {
	var id struct {
		KeyID  []byte        `asn1:"optional,tag:0"`
		Issuer asn1.RawValue `asn1:"optional"`
		Serial asn1.RawValue `asn1:"optional"`
	}
	var byIssuer, always bool
	for _, word := range words {
		switch word {
		case "none":
			return nil, nil
		case "keyid", "keyid:always":
			if id.KeyID = m.keyID; m.issuer != nil {
				id.KeyID = m.issuer.SubjectKeyId
			}
			if len(id.KeyID) == 0 && word != "keyid" {
				return nil, errors.New("the CA certificate has no subjectKeyIdentifier")
			}
		case "issuer", "issuer:always":
			byIssuer, always = true, word != "issuer"
		default:
			return nil, fmt.Errorf("%q is none of keyid, issuer, none", word)
		}
	}
	if byIssuer && (always || len(id.KeyID) == 0) && m.issuer != nil {
		serial, err := asn1.MarshalWithParams(m.issuer.SerialNumber, "tag:2")
		if err != nil {
			return nil, err
		}
		// GeneralNames with one directoryName.
		directory := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: m.issuer.RawIssuer}
		name, err := asn1.Marshal(directory)
		if err != nil {
			return nil, err
		}
		id.Issuer = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: name}
		id.Serial = asn1.RawValue{FullBytes: serial}
	}
	if len(id.KeyID) == 0 && len(id.Serial.FullBytes) == 0 {
		return nil, nil
	}
	return asn1.Marshal(id)
}

func (m extensionMaker) basicConstraints(words []string) ([]byte, error) {
	constraints := struct {
		IsCA    bool `asn1:"optional"`
		PathLen int  `asn1:"optional,default:-1"`
	}{PathLen: -1}
	for _, word := range words {
		name, value, _ := strings.Cut(word, ":")
		switch strings.TrimSpace(name) {
		case "CA":
			constraints.IsCA = yes(strings.TrimSpace(value), false)
		case "pathlen":
			n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 16)
			if err != nil {
				return nil, fmt.Errorf("pathlen %q is no number of 0 to 65535", value)
			}
			constraints.PathLen = int(n)
		default:
			return nil, fmt.Errorf("%q is neither CA nor pathlen", word)
		}
	}
	if m.pathLen != nil && constraints.IsCA {
		constraints.PathLen = *m.pathLen
	}
	return asn1.Marshal(constraints)
}

// keyUsages are in the order of their bits (RFC 5280 §4.2.1.3).
var keyUsages = []string{
	"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment",
	"keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly",
}

// keyUsage leaves out what a key other than RSA may not have (RFC 8813 §3),
// though OpenSSL would write it.
func (m extensionMaker) keyUsage(words []string) ([]byte, error) {
	var set uint16
	for _, word := range words {
		bit := -1
		for i, name := range keyUsages {
			if name == word {
				bit = i
			}
		}
		if bit < 0 {
			return nil, fmt.Errorf("%q is no key usage", word)
		}
		if strings.HasSuffix(word, "Encipherment") && !isRSA(m.public) {
			continue
		}
		set |= 1 << (15 - bit)
	}
	if set == 0 {
		return nil, nil
	}
	length := 16 - bits.TrailingZeros16(set)
	return asn1.Marshal(asn1.BitString{Bytes: []byte{byte(set >> 8), byte(set)}[:(length+7)/8], BitLength: length})
}

var extKeyUsages = map[string]asn1.ObjectIdentifier{
	"serverAuth": {1, 3, 6, 1, 5, 5, 7, 3, 1}, "clientAuth": {1, 3, 6, 1, 5, 5, 7, 3, 2},
	"codeSigning": {1, 3, 6, 1, 5, 5, 7, 3, 3}, "emailProtection": {1, 3, 6, 1, 5, 5, 7, 3, 4},
	"timeStamping": {1, 3, 6, 1, 5, 5, 7, 3, 8}, "OCSPSigning": {1, 3, 6, 1, 5, 5, 7, 3, 9},
}

func extKeyUsage(words []string) ([]byte, error) {
	var list []asn1.ObjectIdentifier
	for _, word := range words {
		oid, ok := extKeyUsages[word]
		if !ok {
			var err error
			if oid, err = parseOID(word); err != nil {
				return nil, err
			}
		}
		list = append(list, oid)
	}
	return asn1.Marshal(list)
}

func isRSA(public crypto.PublicKey) bool {
	_, ok := public.(*rsa.PublicKey)
	return ok
}

// keyID is what "subjectKeyIdentifier = hash" means: the SHA-1 of the public key
// (RFC 5280 §4.2.1.2, method 1).
func keyID(public crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	sum := sha1.Sum(info.Key.Bytes)
	return sum[:], nil
}
