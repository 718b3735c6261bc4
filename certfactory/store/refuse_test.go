package store_test

import (
	"bytes"
	"encoding/asn1"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// checkLine says whether an error is one clear line that keeps the password to itself.
func checkLine(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case err == nil:
		t.Fatal("no error")
	case strings.ContainsAny(err.Error(), "\n"), len(err.Error()) > 200:
		t.Errorf("not one line: %v", err)
	case strings.Contains(err.Error(), "asn1:"), strings.Contains(err.Error(), string(password)):
		t.Errorf("says too much: %v", err)
	case !strings.Contains(err.Error(), want):
		t.Errorf("got %q, want %q in it", err, want)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	e := device(t, certfactory.P256)
	p12 := mustEncode(t, []store.Entry{e}, store.Config{Password: password})
	jks := mustEncode(t, []store.Entry{e}, store.Config{Format: store.JKS, Password: password})
	text := mustEncode(t, []store.Entry{e}, store.Config{Format: store.PEM})
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "file is empty"},
		{"zeros", make([]byte, 10<<20), "no known format"},
		{"huge", make([]byte, store.MaxSize+1), "over the limit"},
		{"words", []byte("hello"), "no known format"},
		{"UTF-16", []byte("\xff\xfe-\x00-\x00"), "UTF-16"},
		{"JCEKS", []byte("\xce\xce\xce\xce\x00\x00\x00\x02"), "JCEKS"},
		{"certificate in DER", e.Chain[0], "a certificate in DER"},
		{"key in DER", mustPEM(t, text).Bytes, "a private key in DER"},
		{"PKCS#12 cut short", p12[:len(p12)-1], "cut short"},
		{"PKCS#12 cut to its head", p12[:12], "cut short"},
		{"PKCS#12 with a tail", append(bytes.Clone(p12), 0), "behind the end"},
		{"PKCS#12 of indefinite length", append([]byte{0x30, 0x80, 2, 1, 3, 0x30, 0x80}, p12...), "indefinite length"},
		{"JKS cut short", jks[:len(jks)-1], "cut short"},
		{"JKS cut to its head", jks[:6], "cut short"},
		{"JKS with a tail", append(bytes.Clone(jks), 0), "behind the end"},
		{"JKS version", append([]byte{0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 9}, jks[8:]...), "version is 9"},
		{"JKS count", append(bytes.Clone(jks[:8]), 0xff, 0xff, 0xff, 0xff), "over the limit"},
		{"PEM cut short", text[:len(text)-10], "cannot be decoded"},
		{"PEM without end", text[:len(text)/2], "does not end"},
		{"PEM block within a block", append(bytes.Clone(text[:bytes.IndexByte(text, '\n')+1]), text...), "line 1 does not end"},
		{"PEM of something else", []byte("-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n"), "neither a certificate nor a private key"},
		{"PEM of cut DER", store.MarshalCertificates([][]byte{e.Chain[0][:50]}), "certificate of line 1: DER is cut short"},
		{"two keys", append(bytes.Clone(text), text...), "2 private keys"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := store.Open(tt.data, password)
			checkLine(t, err, tt.want)
		})
	}
}

func mustPEM(t testing.TB, text []byte) *pem.Block {
	t.Helper()
	b, _ := pem.Decode(text)
	if b == nil {
		t.Fatal("no PEM")
	}
	return b
}

// Where one form is asked for, another is named.
func TestWrongForm(t *testing.T) {
	t.Parallel()
	e := device(t, certfactory.P256)
	p12 := mustEncode(t, []store.Entry{e}, store.Config{Password: password})
	text := mustEncode(t, []store.Entry{e}, store.Config{Format: store.PEM})
	_, err := store.OpenWith(text, store.Config{Format: store.PKCS12})
	checkLine(t, err, "file is PEM, not PKCS#12")
	_, err = store.OpenWith(p12, store.Config{Format: store.JKS})
	checkLine(t, err, "file is PKCS#12, not JKS")
	_, err = store.OpenWith(make([]byte, 9), store.Config{Format: store.PEM})
	checkLine(t, err, "no known format, not PEM")
	_, err = store.ParseKey(p12, password)
	checkLine(t, err, "file is PKCS#12, not PEM")
	_, err = store.ParseKey(e.Chain[0], "")
	checkLine(t, err, "file is a certificate in DER, not PEM")
	_, err = store.ParseCertificates(e.Chain[0])
	checkLine(t, err, "file is a certificate in DER, not PEM")
	_, err = store.ParseKey(store.MarshalCertificates(e.Chain), "")
	checkLine(t, err, "the file has 0, want 1")
	_, err = store.ParseCertificates(text[:bytes.Index(text, []byte("-----BEGIN CERT"))])
	checkLine(t, err, "the file has none")
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	entries := []store.Entry{device(t, certfactory.P256)}
	for _, format := range []store.Format{store.PEM, store.PKCS12, store.JKS} {
		data := mustEncode(t, entries, store.Config{Format: format, Password: password, Iterations: 1})
		for _, p := range []store.Password{"", "wrong", password + "x", "Ünicode"} {
			_, err := store.Open(data, p)
			if !errors.Is(err, store.ErrPassword) {
				t.Errorf("%v: got %v, want %v", format, err, store.ErrPassword)
			}
			checkLine(t, err, "wrong password")
		}
	}
	p12 := mustEncode(t, entries, store.Config{Password: password})
	if _, err := store.OpenWith(p12, store.Config{Password: password, KeyPassword: "wrong"}); !errors.Is(err, store.ErrPassword) {
		t.Errorf("wrong password of the key: %v", err)
	}
}

// One padding in 256 looks right by chance under a wrong password, which is to be
// noticed all the same.
func TestWrongPasswordOfKey(t *testing.T) {
	t.Parallel()
	data, err := store.MarshalKey(device(t, certfactory.P256).Key, store.Config{Password: password, Iterations: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2000 {
		p := store.Password(strings.Repeat("x", i))
		if _, err := store.ParseKey(data, p); !errors.Is(err, store.ErrPassword) {
			t.Fatalf("password of %d letters: %v", i, err)
		}
	}
}

// Every changed byte is noticed.
func TestAlteredFile(t *testing.T) {
	t.Parallel()
	entries := []store.Entry{device(t, certfactory.Ed25519)}
	for _, format := range []store.Format{store.PKCS12, store.JKS} {
		data := mustEncode(t, entries, store.Config{Format: format, Password: password, Iterations: 1})
		for i := range data {
			changed := bytes.Clone(data)
			changed[i] ^= 1
			s, err := store.OpenWithin(changed, store.Config{Password: password}, 1000)
			if err != nil {
				continue
			}
			// Outside what the check covers there are parameters that nobody reads.
			if len(s.Entries) != 1 || !bytes.Equal(s.Entries[0].Chain[0], entries[0].Chain[0]) {
				t.Fatalf("%v: byte %d changed and %v read", format, i, s.Entries)
			}
		}
	}
}

// A file of some hundred bytes that asks for hours is refused at once.
func TestIterationsAreBounded(t *testing.T) {
	t.Parallel()
	entries := []store.Entry{device(t, certfactory.P256)}
	const count = 70_000
	for _, c := range []store.Config{
		{Format: store.PEM, Password: password, Iterations: count},
		{Format: store.PKCS12, Password: password, Iterations: count},
	} {
		data := mustEncode(t, entries, c)
		if _, err := store.OpenWithin(data, c, count-1); !errors.Is(err, store.ErrLimit) {
			t.Errorf("%v: %v", c.Format, err)
		}
		if c.Format == store.PEM {
			continue // the count is within base64
		}
		before, _ := asn1.Marshal(count)
		after, _ := asn1.Marshal(0x7fffff)
		if _, err := store.Open(bytes.ReplaceAll(data, before, after), password); !errors.Is(err, store.ErrLimit) {
			t.Errorf("%v: %v", c.Format, err)
		}
	}
}

// Lengths that do not fit the file are not allocated.
func TestLengthsOfJKS(t *testing.T) {
	t.Parallel()
	data := mustEncode(t, []store.Entry{device(t, certfactory.P256)}, store.Config{Format: store.JKS, Password: password})
	for i := 8; i+4 <= len(data); i++ {
		for _, n := range []uint32{0, 39, 0x7fffffff, 0xffffffff} {
			changed := bytes.Clone(data)
			binary.BigEndian.PutUint32(changed[i:], n)
			if _, err := store.Open(changed, password); err == nil && !bytes.Equal(changed, data) {
				t.Fatalf("%#x at byte %d goes unnoticed", n, i)
			}
		}
	}
}

// A list of a million elements is not taken up.
func TestListsAreBounded(t *testing.T) {
	t.Parallel()
	der := func(tag int, content []byte) []byte {
		b, err := asn1.Marshal(asn1.RawValue{Class: tag >> 6, Tag: tag & 0x1f, IsCompound: tag&0x20 != 0, Bytes: content})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	oid, _ := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1})
	part := der(0x30, append(oid, der(0xa0, der(0x04, der(0x30, nil)))...))
	contents := der(0x30, bytes.Repeat(part, store.MaxCertificates+2))
	safe := der(0x30, append(oid, der(0xa0, der(0x04, contents))...))
	_, err := store.Open(der(0x30, append([]byte{2, 1, 3}, safe...)), "")
	if !errors.Is(err, store.ErrLimit) {
		t.Error(err)
	}
	_, err = store.Open(bytes.Repeat([]byte("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"), store.MaxCertificates+2), "")
	if !errors.Is(err, store.ErrLimit) {
		t.Error(err)
	}
}

// Passwords go where they are asked for: a file that needs none opens under none.
func TestPasswordless(t *testing.T) {
	t.Parallel()
	e := device(t, certfactory.P256)
	certs, err := e.Certificates()
	if err != nil {
		t.Fatal(err)
	}
	data, err := pkcs12.Passwordless.EncodeTrustStore(certs[2:], "")
	if err != nil {
		t.Fatal(err)
	}
	if got := mustOpen(t, data, password).Entries; len(got) != 1 || got[0].Kind() != store.TrustedCertificate {
		t.Errorf("entries %v", got)
	}
}
