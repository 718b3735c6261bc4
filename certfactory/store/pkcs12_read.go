package store

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// A bag is a certificate or a private key as a PKCS #12 file holds it.
type bag struct {
	der     []byte        // certificate
	key     crypto.Signer // private key
	alias   string        // empty: unnamed
	keyID   []byte        // nil: none
	trusted bool          // bears Java's mark
}

// pkcs12Reader collects what the parts of one file hold.
type pkcs12Reader struct {
	store, key   secret // passwords: of the file, of private keys
	work         *work
	certificates []bag
	keys         []bag
	ignored      int
}

// decodePKCS12 reads a file (RFC 7292 §5).
func decodePKCS12(data []byte, c Config, w *work) (*Store, error) {
	var file pfx
	if err := unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("read PKCS#12: %w", err)
	}
	if file.Version != 3 {
		return nil, fmt.Errorf("read PKCS#12: version is %d, want 3", file.Version)
	}
	if !file.AuthSafe.Type.Equal(oidData) {
		return nil, fmt.Errorf("read PKCS#12: contents of type %s, not protected by a password", file.AuthSafe.Type)
	}
	content, err := octetsWithin(file.AuthSafe.Content)
	if err != nil {
		return nil, fmt.Errorf("read PKCS#12 contents: %w", err)
	}
	r := &pkcs12Reader{store: newSecret(c.Password), work: w}
	if len(file.MAC.MAC.Digest) > 0 {
		if r.store, err = file.MAC.check(content, c.Password, w); err != nil {
			return nil, fmt.Errorf("check integrity of PKCS#12: %w", err)
		}
	}
	r.key = r.store
	if c.KeyPassword != "" {
		r.key = newSecret(c.KeyPassword)
	}
	if err := r.readContents(content); err != nil {
		return nil, fmt.Errorf("read PKCS#12: %w", err)
	}
	entries, err := r.entries()
	if err != nil {
		return nil, fmt.Errorf("read PKCS#12: %w", err)
	}
	return &Store{Format: PKCS12, Entries: entries, Ignored: r.ignored}, nil
}

// readContents reads every part of the file.
func (r *pkcs12Reader) readContents(content []byte) error {
	parts, err := listOf[contentInfo](content, asn1.TagSequence)
	if err != nil {
		return err
	}
	for i, part := range parts {
		plain, err := r.plain(part)
		if err != nil {
			return fmt.Errorf("part %d of %d: %w", i+1, len(parts), err)
		}
		bags, err := listOf[safeBag](plain, asn1.TagSequence)
		if err != nil {
			return fmt.Errorf("part %d of %d: %w", i+1, len(parts), err)
		}
		for _, b := range bags {
			if err := r.readBag(b); err != nil {
				return fmt.Errorf("part %d of %d: %w", i+1, len(parts), err)
			}
		}
	}
	return nil
}

// plain returns what a part of the file holds, deciphered.
func (r *pkcs12Reader) plain(part contentInfo) ([]byte, error) {
	if part.Type.Equal(oidData) {
		return octetsWithin(part.Content)
	}
	if !part.Type.Equal(oidEncryptedData) {
		return nil, fmt.Errorf("contents of type %s, not protected by a password", part.Type)
	}
	der, err := within(part.Content)
	if err != nil {
		return nil, err
	}
	var enc encryptedData
	if err := unmarshal(der, &enc); err != nil {
		return nil, err
	}
	return decrypt(enc.Info.Algorithm, enc.Info.Content, r.store, r.work)
}

// readBag takes a certificate or private key up; other kinds are counted.
func (r *pkcs12Reader) readBag(raw safeBag) error {
	b, err := bagAttributes(raw.Attributes)
	if err != nil {
		return err
	}
	der, err := within(raw.Value)
	if err != nil {
		return err
	}
	switch {
	case raw.ID.Equal(oidKeyBag):
		b.key, err = parsePKCS8(der)
		r.keys = append(r.keys, b)
	case raw.ID.Equal(oidShroudedKeyBag):
		b.key, err = decryptKey(der, r.key, r.work)
		r.keys = append(r.keys, b)
	case raw.ID.Equal(oidCertBag):
		b.der, err = certificateInBag(der)
		r.certificates = append(r.certificates, b)
	default:
		r.ignored++
	}
	if len(r.keys)+len(r.certificates) > maxCertificates {
		return fmt.Errorf("more than %d keys and certificates: %w", maxCertificates, ErrLimit)
	}
	return err
}

func certificateInBag(der []byte) ([]byte, error) {
	var c certBag
	if err := unmarshal(der, &c); err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	if !c.ID.Equal(oidX509Certificate) {
		return nil, fmt.Errorf("certificate of type %s, not X.509", c.ID)
	}
	cert, err := octetsWithin(c.Data)
	if err == nil {
		err = wholeSequence(cert)
	}
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return cert, nil
}

// bagAttributes returns a bag with nothing but what its attributes say. Unknown
// ones are passed over, as RFC 7292 §4.2 leaves room for.
func bagAttributes(raw asn1.RawValue) (bag, error) {
	var b bag
	if len(raw.FullBytes) == 0 {
		return b, nil
	}
	attributes, err := listOf[attribute](raw.FullBytes, asn1.TagSet)
	if err != nil {
		return b, fmt.Errorf("attributes: %w", err)
	}
	for _, a := range attributes {
		var v asn1.RawValue
		if _, err := asn1.Unmarshal(a.Values.Bytes, &v); err != nil {
			return b, fmt.Errorf("attribute %s: %w", a.ID, errDER)
		}
		switch {
		case a.ID.Equal(oidFriendlyName):
			if v.Tag != asn1.TagBMPString || len(v.Bytes)%2 != 0 {
				return b, fmt.Errorf("friendlyName: %w", errDER)
			}
			b.alias = textOfBMP(v.Bytes)
		case a.ID.Equal(oidLocalKeyID):
			b.keyID = v.Bytes
		case a.ID.Equal(oidTrustedKeyUsage):
			b.trusted = true
		}
	}
	if utf8.RuneCountInString(b.alias) > maxAlias {
		return b, fmt.Errorf("friendlyName of more than %d characters: %w", maxAlias, ErrLimit)
	}
	return b, nil
}

// entries joins private keys with their certificates. What remains is trusted if
// Java's mark says so, and else a certificate that no Java program gets to see.
func (r *pkcs12Reader) entries() ([]Entry, error) {
	// A certificate may be there twice, as a trusted one and as an issuer.
	used := make(map[string]bool)
	pool := make([]link, len(r.certificates))
	for i, c := range r.certificates {
		pool[i] = newLink(c.der)
	}
	var entries []Entry
	unnamed := 0
	name := func(alias string) string {
		if alias != "" {
			return alias
		}
		unnamed++
		return strconv.Itoa(unnamed)
	}
	for _, k := range r.keys {
		e := Entry{Alias: name(k.alias), Key: k.key}
		path, err := r.path(k, pool)
		if err != nil {
			return nil, err
		}
		for _, i := range path {
			used[string(r.certificates[i].der)] = true
			e.Chain = append(e.Chain, r.certificates[i].der)
		}
		entries = append(entries, e)
	}
	for _, c := range r.certificates {
		if c.trusted || !used[string(c.der)] {
			entries = append(entries, Entry{Alias: name(c.alias), Chain: [][]byte{c.der}, Trusted: c.trusted})
		}
	}
	return entries, nil
}

// path returns the places of a key's certificate and of those that issued it, in
// order. The file says which is the key's own, or the public key does; of the
// rest it says nothing.
func (r *pkcs12Reader) path(k bag, pool []link) ([]int, error) {
	leaf := -1
	for i, c := range r.certificates {
		if k.keyID != nil && bytes.Equal(k.keyID, c.keyID) {
			leaf = i
			break
		}
	}
	for i := range pool {
		if leaf < 0 && !r.certificates[i].trusted && pool[i].fits(k.key) {
			leaf = i
		}
	}
	if leaf < 0 {
		return nil, nil
	}
	return issuers(pool, leaf, r.work)
}
