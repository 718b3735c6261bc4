package certfactory

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"slices"
)

// A Mutation edits the parts of a certificate between making and signing. Its
// name says what is wrong afterwards, for reports.
type Mutation struct {
	Name string
	Edit func(*Parts)
}

// Identifiers of the extensions that every certificate of the factory has.
var (
	SubjectKeyID     = OID(2, 5, 29, 14)
	KeyUsage         = OID(2, 5, 29, 15)
	BasicConstraints = OID(2, 5, 29, 19)
	AuthorityKeyID   = OID(2, 5, 29, 35)
)

// DropExtension takes out every extension of that identifier.
func DropExtension(id []byte) Mutation {
	return Mutation{"extension dropped", func(p *Parts) {
		p.Extensions = slices.DeleteFunc(p.Extensions, func(e Extension) bool { return bytes.Equal(e.ID, id) })
	}}
}

// AddExtension appends an extension, even if there is one of that identifier.
func AddExtension(id []byte, critical bool, value []byte) Mutation {
	return Mutation{"extension added", func(p *Parts) {
		p.Extensions = append(p.Extensions, NewExtension(id, critical, value))
	}}
}

// SetExtension replaces the extension of the same identifier where it stands, or
// appends it.
func SetExtension(e Extension) Mutation {
	return Mutation{"extension replaced", func(p *Parts) {
		if i := slices.IndexFunc(p.Extensions, func(old Extension) bool { return bytes.Equal(old.ID, e.ID) }); i >= 0 {
			p.Extensions[i] = e
			return
		}
		p.Extensions = append(p.Extensions, e)
	}}
}

// SetCritical marks the extensions of that identifier critical, or takes the mark away.
func SetCritical(id []byte, critical bool) Mutation {
	return Mutation{"critical changed", func(p *Parts) {
		for i, e := range p.Extensions {
			if bytes.Equal(e.ID, id) {
				p.Extensions[i] = NewExtension(e.ID, critical, e.Value())
			}
		}
	}}
}

// DropExtensions takes out all extensions.
func DropExtensions() Mutation {
	return Mutation{"no extensions", func(p *Parts) { p.Extensions = nil }}
}

// Version sets the version number as it is encoded: 2 stands for version 3. A
// version of 0 is written out only if explicit; the default is to be left out.
func Version(encoded byte, explicit bool) Mutation {
	return Mutation{"version changed", func(p *Parts) {
		p.Version = nil
		if encoded > 0 || explicit {
			p.Version = Element(0xa0, Element(TagInteger, []byte{encoded}))
		}
	}}
}

// SignWith signs by that key and algorithm, and names the algorithm in both places.
func SignWith(key crypto.Signer, alg x509.SignatureAlgorithm) Mutation {
	return Mutation{"signed with " + alg.String(), func(p *Parts) {
		if err := p.signWith(key, alg); err != nil {
			p.Sign = func([]byte) ([]byte, error) { return nil, err }
		}
	}}
}

// FlipSignatureBit inverts the last bit of the signature.
func FlipSignatureBit() Mutation {
	return EditSignature("last bit of the signature flipped", func(b []byte) []byte {
		b = slices.Clone(b)
		b[len(b)-1] ^= 1
		return b
	})
}

// EditSignature changes the signature after it was made.
func EditSignature(name string, edit func([]byte) []byte) Mutation {
	return Mutation{name, func(p *Parts) { p.AfterSigning = append(p.AfterSigning, edit) }}
}

// EditBytes changes the certificate after it was signed.
func EditBytes(name string, edit func([]byte) []byte) Mutation {
	return Mutation{name, func(p *Parts) { p.AfterJoining = append(p.AfterJoining, edit) }}
}
