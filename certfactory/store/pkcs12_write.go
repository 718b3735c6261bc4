package store

import (
	"bytes"
	"crypto/sha1"
	"encoding/asn1"
	"fmt"
)

// encodePKCS12 lays a file out as OpenSSL does: the certificates enciphered
// together, then the private keys, each enciphered by itself, and an integrity
// check over both (RFC 7292 §4). Within the certificates that of a device comes
// first and bears the alias and the mark of its key; the issuers follow, each
// once, bare: Java finds them by their names.
func encodePKCS12(entries []Entry, c Config) ([]byte, error) {
	certificates, err := certificateBags(entries)
	if err != nil {
		return nil, err
	}
	keys, err := keyBags(entries, c)
	if err != nil {
		return nil, err
	}
	parts, err := safeContents(certificates, keys, c)
	if err != nil {
		return nil, err
	}
	content, err := asn1.Marshal(parts)
	if err != nil {
		return nil, fmt.Errorf("encode contents: %w", err)
	}
	mac, err := newMAC(content, c)
	if err != nil {
		return nil, fmt.Errorf("make integrity check: %w", err)
	}
	safe, err := octetInfo(content)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(pfx{Version: 3, AuthSafe: safe, MAC: mac})
}

// safeContents returns the two parts of a file, without those that would be
// empty: Java refuses an empty one.
func safeContents(certificates, keys []safeBag, c Config) (parts []contentInfo, err error) {
	if len(certificates) > 0 {
		part, err := encryptedInfo(certificates, c)
		if err != nil {
			return nil, fmt.Errorf("encrypt certificates: %w", err)
		}
		parts = append(parts, part)
	}
	if len(keys) > 0 {
		der, err := asn1.Marshal(keys)
		if err != nil {
			return nil, fmt.Errorf("encode private keys: %w", err)
		}
		part, err := octetInfo(der)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// octetInfo returns contents that are not enciphered.
func octetInfo(content []byte) (contentInfo, error) {
	der, err := asn1.Marshal(content)
	return contentInfo{Type: oidData, Content: explicit(der)}, err
}

// encryptedInfo returns contents that are enciphered.
func encryptedInfo(bags []safeBag, c Config) (contentInfo, error) {
	plain, err := asn1.Marshal(bags)
	if err != nil {
		return contentInfo{}, err
	}
	alg, data, err := encrypt(plain, c)
	if err != nil {
		return contentInfo{}, err
	}
	der, err := asn1.Marshal(encryptedData{Info: encryptedContentInfo{Type: oidData, Algorithm: alg, Content: data}})
	return contentInfo{Type: oidEncryptedData, Content: explicit(der)}, err
}

// certificateBags returns the certificates of all entries.
func certificateBags(entries []Entry) ([]safeBag, error) {
	var list bagList
	for _, e := range entries {
		name := friendlyName(e.Alias)
		switch e.Kind() {
		case PrivateKey:
			list.add(e.Chain[0], name, localKeyID(e.Chain[0]))
		case TrustedCertificate:
			list.add(e.Chain[0], name, trustedKeyUsage())
		case Certificate:
			list.add(e.Chain[0], name)
		}
	}
	for _, e := range entries {
		for _, der := range e.Chain[1:] {
			list.addIssuer(der)
		}
	}
	return list.bags, list.err
}

// A bagList collects certificates; err is the first failure.
type bagList struct {
	bags    []safeBag
	issuers [][]byte
	err     error
}

func (l *bagList) add(der []byte, attributes ...attribute) {
	octets, err := asn1.Marshal(der)
	if err == nil {
		octets, err = asn1.Marshal(certBag{ID: oidX509Certificate, Data: explicit(octets)})
	}
	if err != nil && l.err == nil {
		l.err = fmt.Errorf("encode certificate: %w", err)
	}
	set, err := attributeSet(attributes)
	if err != nil && l.err == nil {
		l.err = err
	}
	l.bags = append(l.bags, safeBag{ID: oidCertBag, Value: explicit(octets), Attributes: set})
}

// addIssuer adds a certificate unless it was added by this method before.
func (l *bagList) addIssuer(der []byte) {
	for _, have := range l.issuers {
		if bytes.Equal(have, der) {
			return
		}
	}
	l.issuers = append(l.issuers, der)
	l.add(der)
}

// keyBags returns the private keys of all entries, enciphered.
func keyBags(entries []Entry, c Config) ([]safeBag, error) {
	var bags []safeBag
	for _, e := range entries {
		if e.Kind() != PrivateKey {
			continue
		}
		der, err := encryptKey(e.Key, c)
		if err != nil {
			return nil, fmt.Errorf("entry %q: %w", e.Alias, err)
		}
		set, err := attributeSet([]attribute{friendlyName(e.Alias), localKeyID(e.Chain[0])})
		if err != nil {
			return nil, err
		}
		bags = append(bags, safeBag{ID: oidShroudedKeyBag, Value: explicit(der), Attributes: set})
	}
	return bags, nil
}

// attributeSet returns attributes as a bag has them, nothing if there are none.
func attributeSet(attributes []attribute) (asn1.RawValue, error) {
	if len(attributes) == 0 {
		return asn1.RawValue{}, nil
	}
	der, err := asn1.MarshalWithParams(attributes, "set")
	if err != nil {
		return asn1.RawValue{}, fmt.Errorf("encode attributes: %w", err)
	}
	return asn1.RawValue{FullBytes: der}, nil
}

// setOf returns a SET of one element.
func setOf(tag int, content []byte) asn1.RawValue {
	// Marshal of a raw primitive value of a few bytes does not fail.
	der, _ := asn1.Marshal(asn1.RawValue{Tag: tag, Bytes: content})
	return asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: der}
}

// friendlyName is where a PKCS #12 file keeps an alias (RFC 2985 §5.5.1).
func friendlyName(alias string) attribute {
	return attribute{ID: oidFriendlyName, Values: setOf(asn1.TagBMPString, bmpString(alias))}
}

// localKeyID ties a certificate to its private key (RFC 2985 §5.5.2). Any bytes
// would do; OpenSSL takes these.
func localKeyID(leaf []byte) attribute {
	id := sha1.Sum(leaf)
	return attribute{ID: oidLocalKeyID, Values: setOf(asn1.TagOctetString, id[:])}
}

// trustedKeyUsage marks a certificate as trusted, for any purpose.
func trustedKeyUsage() attribute {
	// The identifier is a constant that encodes.
	der, _ := asn1.Marshal(oidAnyUsage)
	return attribute{ID: oidTrustedKeyUsage, Values: asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: der}}
}
