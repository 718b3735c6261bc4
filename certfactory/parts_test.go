package certfactory_test

import (
	"bytes"
	"crypto/x509"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/google/go-cmp/cmp"
)

// TestJoinUndoesTakeApart takes a good certificate apart, changes nothing, and
// wants the bytes that the standard library made.
func TestJoinUndoesTakeApart(t *testing.T) {
	f := certfactory.New(seed, now)
	for _, alg := range []certfactory.Alg{certfactory.P256, certfactory.P384, certfactory.Ed25519, certfactory.RSA1024} {
		root := f.Root("root", certfactory.WithKey(alg))
		nothing := certfactory.Mutate(certfactory.Mutation{Name: "nothing", Edit: func(*certfactory.Parts) {}})
		good, same := mustChain(t, f.Device(root, "device")), mustChain(t, f.Device(root, "device", nothing))
		if !bytes.Equal(good[0], same[0]) {
			t.Errorf("%v: taken apart and joined, the certificate has other bytes", alg)
		}
	}
}

func TestMutations(t *testing.T) {
	id := certfactory.OID(1, 3, 6, 1, 4, 1, 99999, 2)
	tests := []struct {
		name     string
		mutation certfactory.Mutation
		differs  func(*certfactory.Parts) bool // must hold afterwards and not before
	}{
		{"drop", certfactory.DropExtension(certfactory.KeyUsage), func(p *certfactory.Parts) bool { return len(p.Extensions) == 3 }},
		{"drop all", certfactory.DropExtensions(), func(p *certfactory.Parts) bool { return p.Extensions == nil }},
		{"add", certfactory.AddExtension(id, true, []byte("x")), func(p *certfactory.Parts) bool {
			last := p.Extensions[len(p.Extensions)-1]
			return bytes.Equal(last.ID, id) && last.Critical() && string(last.Value()) == "x"
		}},
		{"replace", certfactory.SetExtension(certfactory.NewExtension(certfactory.KeyUsage, true, []byte("x"))), func(p *certfactory.Parts) bool {
			return string(p.Extensions[0].Value()) == "x" && len(p.Extensions) == 4
		}},
		{"not critical", certfactory.SetCritical(certfactory.KeyUsage, false), func(p *certfactory.Parts) bool {
			return !p.Extensions[0].Critical() && len(p.Extensions[0].Value()) > 0
		}},
		{"version 1", certfactory.Version(0, false), func(p *certfactory.Parts) bool { return p.Version == nil }},
		{"explicit version 1", certfactory.Version(0, true), func(p *certfactory.Parts) bool {
			return bytes.Equal(p.Version, []byte{0xa0, 3, 2, 1, 0})
		}},
		{"signature", certfactory.EditSignature("cut", func(b []byte) []byte { return b[:1] }), func(p *certfactory.Parts) bool {
			return len(p.Signature) == 1
		}},
		{"tails", certfactory.Mutation{Name: "tails", Edit: func(p *certfactory.Parts) {
			p.Tail, p.OuterTail = certfactory.Element(certfactory.TagNull), certfactory.Element(certfactory.TagNull)
		}}, func(p *certfactory.Parts) bool { return len(p.Tail) == 2 && len(p.OuterTail) == 2 }},
		{"unique identifiers", certfactory.Mutation{Name: "ids", Edit: func(p *certfactory.Parts) {
			p.UniqueIDs = []byte{0x81, 2, 0, 1, 0x82, 2, 0, 2}
		}}, func(p *certfactory.Parts) bool { return len(p.UniqueIDs) == 8 }},
	}
	f := certfactory.New(seed, now)
	root := f.Root("root")
	apart := func(t *testing.T, opts ...certfactory.Option) *certfactory.Parts {
		t.Helper()
		p, err := certfactory.TakeApart(mustChain(t, f.Device(root, "device", opts...))[0])
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.differs(apart(t)) {
				t.Fatal("the fault is in the good certificate too")
			}
			if !tt.differs(apart(t, certfactory.Mutate(tt.mutation))) {
				t.Error("the fault is not there")
			}
		})
	}
}

func TestMutatedCertificateIsSignedAgain(t *testing.T) {
	f := certfactory.New(seed, now)
	root := f.Root("root")
	rootCert := mustParse(t, mustChain(t, root)[0])
	good := f.Device(root, "device", certfactory.Mutate(certfactory.DropExtension(certfactory.KeyUsage)))
	if err := mustParse(t, mustChain(t, good)[0]).CheckSignatureFrom(rootCert); err != nil {
		t.Errorf("after a mutation: %v", err)
	}
	flipped := f.Device(root, "device", certfactory.Mutate(certfactory.FlipSignatureBit()))
	if err := mustParse(t, mustChain(t, flipped)[0]).CheckSignatureFrom(rootCert); err == nil {
		t.Error("a flipped bit verifies")
	}
	other := f.Device(root, "device", certfactory.SignedBy(f.Key(certfactory.P256, "other")))
	if err := mustParse(t, mustChain(t, other)[0]).CheckSignatureFrom(rootCert); err == nil {
		t.Error("the signature of another key verifies")
	}
}

func TestSignWith(t *testing.T) {
	f := certfactory.New(seed, now)
	root := f.Root("root", certfactory.WithKey(certfactory.RSA1024))
	for _, alg := range []x509.SignatureAlgorithm{x509.MD5WithRSA, x509.SHA1WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA} {
		leaf := f.Device(root, "device", certfactory.Mutate(certfactory.SignWith(root.Signer(), alg)))
		if got := mustParse(t, mustChain(t, leaf)[0]).SignatureAlgorithm; got != alg {
			t.Errorf("signed with %v, want %v", got, alg)
		}
	}
	unknown := f.Device(root, "device", certfactory.Mutate(certfactory.SignWith(root.Signer(), x509.DSAWithSHA1)))
	if _, err := unknown.DER(); err == nil {
		t.Error("signed with DSA")
	}
}

// TestChildFollowsMutatedIssuer shows that issuer and subject link even where a
// mutation renamed the issuer.
func TestChildFollowsMutatedIssuer(t *testing.T) {
	f := certfactory.New(seed, now)
	empty := certfactory.Mutation{Name: "no subject", Edit: func(p *certfactory.Parts) {
		p.Subject = certfactory.Element(certfactory.TagSequence)
	}}
	ca := f.Intermediate(f.Root("root"), "ca", certfactory.Mutate(empty))
	p, err := certfactory.TakeApart(mustChain(t, f.Device(ca, "device"))[0])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]byte{0x30, 0}, p.Issuer); diff != "" {
		t.Errorf("issuer (-want +got):\n%s", diff)
	}
}

func FuzzTakeApart(f *testing.F) {
	chain := mustChain(f, path(certfactory.New(seed, now)))
	for _, der := range chain {
		f.Add(der)
	}
	f.Add([]byte{0x30, 0x80})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, der []byte) {
		p, err := certfactory.TakeApart(der)
		if err != nil {
			return
		}
		for _, e := range p.Extensions {
			if len(e.Value()) > len(der) {
				t.Error("an extension is longer than its certificate")
			}
			e.Critical()
		}
	})
}

func TestElementLengths(t *testing.T) {
	tests := []struct {
		n    int
		want []byte
	}{
		{0, []byte{4, 0}},
		{127, []byte{4, 127}},
		{128, []byte{4, 0x81, 128}},
		{256, []byte{4, 0x82, 1, 0}},
		{1 << 16, []byte{4, 0x83, 1, 0, 0}},
		{1 << 24, []byte{4, 0x84, 1, 0, 0, 0}},
	}
	for _, tt := range tests {
		got := certfactory.Element(certfactory.TagOctetString, make([]byte, tt.n))
		if !bytes.HasPrefix(got, tt.want) || len(got) != tt.n+len(tt.want) {
			t.Errorf("%d bytes begin with % x, want % x", tt.n, got[:len(tt.want)], tt.want)
		}
	}
}
