package certfactory

import (
	"bytes"
	"encoding/asn1"
	"fmt"
)

// Parts is a certificate taken apart (RFC 5280 §4.1). Each field of bytes holds
// a whole DER element, tag and length included, and may be given any bytes;
// an empty one is left out.
type Parts struct {
	Version   []byte // the tagged element [0]; empty is version 1
	Serial    []byte
	Algorithm []byte // within what is signed
	Issuer    []byte
	Validity  []byte
	Subject   []byte
	PublicKey []byte // SubjectPublicKeyInfo
	UniqueIDs []byte // issuerUniqueID and subjectUniqueID, one after the other

	Extensions []Extension // none: no element [3] either
	Tail       []byte      // behind the extensions, within what is signed

	OuterAlgorithm []byte
	OuterTail      []byte // behind the signature, within the certificate

	// Sign makes the signature over the parts that are signed.
	Sign func(tbs []byte) ([]byte, error)
	// AfterSigning edits the signature, AfterJoining the whole certificate, each
	// in the order of the list.
	AfterSigning, AfterJoining []func([]byte) []byte

	// Signature is the signature that was found by [TakeApart]; [Parts] that are
	// joined make their own.
	Signature []byte
}

// An Extension is one extension of a certificate (RFC 5280 §4.2).
type Extension struct {
	ID  []byte // OBJECT IDENTIFIER element
	DER []byte // the whole SEQUENCE, the identifier included
}

// NewExtension returns an extension of that identifier. Critical is left out
// where it is false, as DER asks.
func NewExtension(id []byte, critical bool, value []byte) Extension {
	var flag []byte
	if critical {
		flag = Element(TagBoolean, []byte{0xff})
	}
	return Extension{ID: id, DER: Element(TagSequence, id, flag, Element(TagOctetString, value))}
}

// Value returns the content of extnValue, nil if the extension is not well-formed.
func (e Extension) Value() []byte {
	list, err := inside(e.DER, TagSequence)
	if err != nil || len(list) < 2 {
		return nil
	}
	var value []byte
	if _, err := asn1.Unmarshal(list[len(list)-1], &value); err != nil {
		return nil
	}
	return value
}

// Critical reports whether the extension is marked critical.
func (e Extension) Critical() bool {
	list, err := inside(e.DER, TagSequence)
	return err == nil && len(list) == 3 && !bytes.Equal(list[1], Element(TagBoolean, []byte{0}))
}

// TakeApart splits a certificate into its parts. It checks no more of them than
// it needs to find them.
func TakeApart(der []byte) (*Parts, error) {
	outer, err := inside(der, TagSequence)
	if err != nil {
		return nil, fmt.Errorf("take certificate apart: %w", err)
	}
	if len(outer) < 3 {
		return nil, fmt.Errorf("take certificate apart: %d elements, want 3", len(outer))
	}
	p := &Parts{OuterAlgorithm: outer[1], OuterTail: bytes.Join(outer[3:], nil)}
	var signature asn1.BitString
	if _, err := asn1.Unmarshal(outer[2], &signature); err != nil {
		return nil, fmt.Errorf("take certificate apart: signature: %w", err)
	}
	p.Signature = signature.Bytes
	tbs, err := inside(outer[0], TagSequence)
	if err != nil {
		return nil, fmt.Errorf("take certificate apart: %w", err)
	}
	if hasTag(tbs, 0xa0) {
		p.Version, tbs = tbs[0], tbs[1:]
	}
	fields := []*[]byte{&p.Serial, &p.Algorithm, &p.Issuer, &p.Validity, &p.Subject, &p.PublicKey}
	if len(tbs) < len(fields) {
		return nil, fmt.Errorf("take certificate apart: %d fields, want %d", len(tbs), len(fields))
	}
	for i, field := range fields {
		*field = tbs[i]
	}
	return p, p.takeTail(tbs[len(fields):])
}

// takeTail reads what may follow the public key.
func (p *Parts) takeTail(tbs [][]byte) error {
	for hasTag(tbs, 0x81) || hasTag(tbs, 0x82) {
		p.UniqueIDs, tbs = append(p.UniqueIDs, tbs[0]...), tbs[1:]
	}
	if hasTag(tbs, 0xa3) {
		wrapped, err := inside(tbs[0], 0xa3)
		if err != nil || len(wrapped) != 1 {
			return fmt.Errorf("take certificate apart: extensions: %d elements (%w)", len(wrapped), err)
		}
		list, err := inside(wrapped[0], TagSequence)
		if err != nil {
			return fmt.Errorf("take certificate apart: extensions: %w", err)
		}
		for _, der := range list {
			fields, err := inside(der, TagSequence)
			if err != nil || len(fields) == 0 {
				return fmt.Errorf("take certificate apart: extension of %d fields (%w)", len(fields), err)
			}
			p.Extensions = append(p.Extensions, Extension{ID: fields[0], DER: der})
		}
		tbs = tbs[1:]
	}
	p.Tail = bytes.Join(tbs, nil)
	return nil
}

// join puts the parts together and signs them.
func (p *Parts) join() ([]byte, error) {
	var extensions []byte
	if len(p.Extensions) > 0 {
		var list [][]byte
		for _, e := range p.Extensions {
			list = append(list, e.DER)
		}
		extensions = Element(0xa3, Element(TagSequence, list...))
	}
	tbs := Element(TagSequence, p.Version, p.Serial, p.Algorithm, p.Issuer, p.Validity, p.Subject,
		p.PublicKey, p.UniqueIDs, extensions, p.Tail)
	signature, err := p.Sign(tbs)
	if err != nil {
		return nil, fmt.Errorf("sign again: %w", err)
	}
	for _, edit := range p.AfterSigning {
		signature = edit(signature)
	}
	der := Element(TagSequence, tbs, p.OuterAlgorithm, Element(TagBitString, []byte{0}, signature), p.OuterTail)
	for _, edit := range p.AfterJoining {
		der = edit(der)
	}
	return der, nil
}
