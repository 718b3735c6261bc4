package inspect_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cadir"
	"github.com/chainmail-iot/chainmail/certfactory/inspect"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const password store.Password = "secret"

func factory() *certfactory.Factory { return certfactory.New(certfactory.Seed{1}, now) }

func mustChain(t testing.TB, leaf *certfactory.Certificate) [][]byte {
	t.Helper()
	chain, err := certfactory.Chain(leaf)
	if err != nil {
		t.Fatal(err)
	}
	return chain
}

func mustRead(t *testing.T, data []byte, c inspect.Config) *inspect.File {
	t.Helper()
	if c.Now.IsZero() {
		c.Now = now
	}
	f, err := inspect.Read(data, c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func mustEncode(t *testing.T, format store.Format, entries ...store.Entry) []byte {
	t.Helper()
	data, err := store.Encode(entries, store.Config{Format: format, Password: password, Unchecked: true, Iterations: 100})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// mustLock returns a private key in PEM, under the password.
func mustLock(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	data, err := store.MarshalKey(key, store.Config{Password: password, Iterations: 100})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// brief is "clause@certificate", with an exclamation mark for a must.
func brief(f *inspect.File) []string {
	var list []string
	for _, o := range f.Objections {
		mark := ""
		if o.Level == "must" {
			mark = "!"
		}
		list = append(list, fmt.Sprintf("%s@%d%s", o.Clause, o.Certificate, mark))
	}
	return list
}

// A chain with one fault is objected to for that fault, and a good one not at all.
func TestChain(t *testing.T) {
	f := factory()
	root := f.Root("ca")
	inter := f.Intermediate(root, "issuing")
	rsaRoot := f.Root("rsa ca", certfactory.WithKey(certfactory.RSA2048))
	good := f.Device(root, "device-1")
	long := mustChain(t, f.Device(inter, "device-2"))
	edit := func(e func(*x509.Certificate)) certfactory.Option { return certfactory.With(e) }
	for _, tt := range []struct {
		name  string
		chain [][]byte
		want  []string
	}{
		{"good", mustChain(t, good), nil},
		{"of three", long, []string{"DC-CHAIN-10@0!"}},
		{"device expired", mustChain(t, f.Device(root, "d", certfactory.Valid(now.AddDate(-2, 0, 0), now.AddDate(-1, 0, 0)))), []string{"DC-CHAIN-12@1!"}},
		{"root not yet valid", mustChain(t, f.Device(f.Root("later", certfactory.Valid(now.AddDate(1, 0, 0), now.AddDate(2, 0, 0))), "d")), []string{"DC-CHAIN-12@2!"}},
		{"no common name", mustChain(t, f.Device(root, "")), []string{"DC-ID-06@1!"}},
		{"common name with a colon", mustChain(t, f.Device(root, "a:b")), []string{"DC-ID-05@1"}},
		{"RSA 1024", mustChain(t, f.Device(root, "d", certfactory.WithKey(certfactory.RSA1024))), []string{"DC-CHAIN-13@1"}},
		{"SHA-1", mustChain(t, f.Device(rsaRoot, "d", certfactory.Mutate(certfactory.SignWith(rsaRoot.Signer(), x509.SHA1WithRSA)))), []string{"DC-CERT-07@1!"}},
		{"MD5", mustChain(t, f.Device(rsaRoot, "d", certfactory.Mutate(certfactory.SignWith(rsaRoot.Signer(), x509.MD5WithRSA)))), []string{"DC-CERT-07@1!"}},
		{"device is a CA", mustChain(t, f.Intermediate(root, "d")), []string{"DC-CHAIN-15@1"}},
		{"issuer is none", mustChain(t, f.Device(f.Device(nil, "ca"), "d")), []string{"DC-CHAIN-04@2!", "DC-CHAIN-17@2!"}},
		{"issuer of version 1", mustChain(t, f.Device(f.Root("v1", certfactory.Mutate(certfactory.DropExtensions(), certfactory.Version(0, false))), "d")), []string{"DC-TRUST-04@2!", "DC-CHAIN-04@2!"}},
		{"issuer may not sign", mustChain(t, f.Device(f.Root("ca", certfactory.Label("other"), edit(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature })), "d")), []string{"DC-CHAIN-17@2!"}},
		{"for servers only", mustChain(t, f.Device(root, "d", edit(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }))), []string{"DC-CHAIN-18@1"}},
		{"for servers and clients", mustChain(t, f.Device(root, "d", edit(func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		}))), nil},
		{"unknown critical extension", mustChain(t, f.Device(root, "d", certfactory.Mutate(certfactory.AddExtension(certfactory.OID(1, 3, 6, 1, 4, 1, 99999, 1), true, []byte{5, 0})))), []string{"DC-CHAIN-16@1!"}},
		{"signature broken", mustChain(t, f.Device(root, "d", certfactory.Mutate(certfactory.FlipSignatureBit()))), []string{"DC-CHAIN-07@1!"}},
		{"not a certificate", [][]byte{mustChain(t, good)[0][:200], mustChain(t, good)[1]}, []string{"DC-CHAIN-20@1!"}},
		{"out of order", [][]byte{long[0], long[2], long[1]}, []string{"DC-CHAIN-10@0!", "DC-CHAIN-09@2"}},
		{"reversed", [][]byte{long[2], long[1], long[0]}, []string{"DC-CHAIN-10@0!", "DC-CHAIN-09@2"}},
		{"a link missing", [][]byte{long[0], long[2]}, []string{"DC-CHAIN-09@2"}},
		{
			"pathlen exceeded", mustChain(t, f.Device(f.Intermediate(f.Root("short", certfactory.PathLen(0)), "below"), "d")),
			[]string{"DC-CHAIN-10@0!", "DC-CHAIN-05@3!"},
		},
		{"pathlen kept", mustChain(t, f.Device(f.Intermediate(f.Root("enough", certfactory.PathLen(1)), "below", certfactory.PathLen(0)), "d")), []string{"DC-CHAIN-10@0!"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// Beside a private key, even one that stays closed, certificates are a device's.
			data := append(mustLock(t, good.Signer()), store.MarshalCertificates(tt.chain)...)
			got := brief(mustRead(t, data, inspect.Config{}))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOrderIsSaid(t *testing.T) {
	f := factory()
	chain := mustChain(t, f.Device(f.Intermediate(f.Root("ca"), "issuing"), "device"))
	file := mustRead(t, store.MarshalCertificates([][]byte{chain[2], chain[0], chain[1]}), inspect.Config{MaxChainLength: 3})
	if len(file.Objections) != 1 || !strings.HasSuffix(file.Objections[0].Text, "; the right order is 2, 3, 1") {
		t.Errorf("objections %v, want the right order", file.Objections)
	}
}

// Kinds are told by the contents, and each is judged by its own rules.
func TestKinds(t *testing.T) {
	f := factory()
	root := f.Root("ca")
	device := f.Device(root, "device-1")
	chain := mustChain(t, device)
	key, err := store.MarshalKey(device.Signer(), store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	locked := mustLock(t, device.Signer())
	request, err := cadir.NewRequest(device.Signer(), cadir.Subject{CommonName: "a:b"})
	if err != nil {
		t.Fatal(err)
	}
	entry := store.Entry{Alias: store.DeviceAlias, Key: device.Signer(), Chain: chain}
	trusted := store.Entry{Alias: store.ServerAlias, Chain: chain[1:], Trusted: true}
	for _, tt := range []struct {
		name         string
		data         []byte
		config       inspect.Config
		kind, format string
		want         []string
	}{
		{"device alone", store.MarshalCertificates(chain[:1]), inspect.Config{}, inspect.KindCertificate, "PEM", nil},
		{"device alone in DER", chain[0], inspect.Config{}, inspect.KindCertificate, "DER", nil},
		{"CA alone", store.MarshalCertificates(chain[1:]), inspect.Config{}, inspect.KindCertificate, "PEM", nil},
		{"expired by then", store.MarshalCertificates(chain[1:]), inspect.Config{Now: now.AddDate(20, 0, 0)}, inspect.KindCertificate, "PEM", []string{"DC-CHAIN-12@1!"}},
		{"self-signed device", store.MarshalCertificates(mustChain(t, f.Device(nil, "self"))), inspect.Config{}, inspect.KindCertificate, "PEM", []string{"DC-TRUST-05@1!"}},
		{"chain", store.MarshalCertificates(chain), inspect.Config{}, inspect.KindChain, "PEM", nil},
		{"unrelated", store.MarshalCertificates([][]byte{chain[1], mustChain(t, f.Root("other"))[0]}), inspect.Config{}, inspect.KindCertificates, "PEM", nil},
		{"key in the clear", key, inspect.Config{}, inspect.KindPrivateKey, "PEM", []string{"DC-CERT-05@0"}},
		{"key that stays closed", locked, inspect.Config{}, inspect.KindPrivateKey, "PEM", nil},
		{"key that is opened", locked, inspect.Config{Password: password}, inspect.KindPrivateKey, "PEM", nil},
		{"key and chain", append(slices.Clone(locked), store.MarshalCertificates(chain)...), inspect.Config{Password: password}, inspect.KindPrivateKey, "PEM", nil},
		{"key and device without its CA", append(slices.Clone(locked), store.MarshalCertificates(chain[:1])...), inspect.Config{}, inspect.KindPrivateKey, "PEM", []string{"DC-CHAIN-01@0!"}},
		{"key of another", append(slices.Clone(locked), store.MarshalCertificates(mustChain(t, f.Device(root, "other")))...), inspect.Config{Password: password}, inspect.KindPrivateKey, "PEM", []string{"DC-TLS-06@1!"}},
		{"request", cadir.MarshalRequest(request), inspect.Config{}, inspect.KindRequest, "PEM", []string{"DC-ID-05@0"}},
		{"request in DER", request, inspect.Config{}, inspect.KindRequest, "DER", []string{"DC-ID-05@0"}},
		{"request signed by nobody", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: flip(request)}), inspect.Config{}, inspect.KindRequest, "PEM", []string{"DC-ID-05@0", "DC-CERT-06@0!"}},
		{"request that is none", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: []byte{0x30, 0}}), inspect.Config{}, inspect.KindRequest, "PEM", []string{"DC-CERT-06@0!"}},
		{"CRL that is none", pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: []byte{0x30, 0}}), inspect.Config{}, inspect.KindRevocationList, "PEM", []string{"DC-CERT-10@0!"}},
		{"key store", mustEncode(t, store.PKCS12, entry), inspect.Config{Password: password}, inspect.KindKeyStore, "PKCS#12", nil},
		{"key store in JKS", mustEncode(t, store.JKS, entry), inspect.Config{Password: password}, inspect.KindKeyStore, "JKS", nil},
		{"key store with a foreign key", mustEncode(t, store.JKS, store.Entry{Alias: "d", Key: device.Signer(), Chain: mustChain(t, f.Device(root, "x"))}), inspect.Config{Password: password}, inspect.KindKeyStore, "JKS", []string{"DC-TLS-06@1!"}},
		{"key store without the CA", mustEncode(t, store.PKCS12, store.Entry{Alias: "d", Key: device.Signer(), Chain: chain[:1]}), inspect.Config{Password: password}, inspect.KindKeyStore, "PKCS#12", []string{"DC-CHAIN-01@0!"}},
		{"trust store", mustEncode(t, store.JKS, trusted), inspect.Config{Password: password}, inspect.KindTrustStore, "JKS", nil},
		{"both", mustEncode(t, store.PKCS12, entry, trusted), inspect.Config{Password: password}, inspect.KindStore, "PKCS#12", nil},
		{"key and request", append(slices.Clone(locked), cadir.MarshalRequest(request)...), inspect.Config{}, inspect.KindMixed, "PEM", []string{"DC-ID-05@0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := mustRead(t, tt.data, tt.config)
			if got.Kind != tt.kind || got.Format != tt.format {
				t.Errorf("%s in %s, want %s in %s", got.Kind, got.Format, tt.kind, tt.format)
			}
			if diff := cmp.Diff(tt.want, brief(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// flip breaks a signature, which is what a request ends with.
func flip(der []byte) []byte {
	der = slices.Clone(der)
	der[len(der)-1] ^= 1
	return der
}

func TestRevocationList(t *testing.T) {
	a, err := cadir.Create(t.TempDir(), cadir.Options{Subject: cadir.Subject{CommonName: "ca"}, Password: password}, cadir.Config{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	issued, err := a.Issue(cadir.Device{Subject: cadir.Subject{CommonName: "device"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.RevokeCertificate(issued.Certificate, cadir.KeyCompromise); err != nil {
		t.Fatal(err)
	}
	list, err := a.CRL(7)
	if err != nil {
		t.Fatal(err)
	}
	f := mustRead(t, cadir.MarshalCRL(list.Raw), inspect.Config{})
	want := []inspect.Revoked{{SerialNumber: "1000", At: now, Reason: 1}}
	if diff := cmp.Diff(want, f.Entries[0].RevocationList.Revoked); diff != "" {
		t.Error(diff)
	}
	if got := brief(f); got != nil {
		t.Errorf("objections %v, want none", got)
	}
	f = mustRead(t, list.Raw, inspect.Config{Now: now.AddDate(0, 0, 8)})
	if diff := cmp.Diff([]string{"DC-CERT-10@0"}, brief(f)); diff != "" {
		t.Error(diff)
	}
}

func TestCertificateIsDescribed(t *testing.T) {
	f := factory()
	root := f.Root("ca", certfactory.PathLen(3))
	chain := mustChain(t, f.Device(root, "device", certfactory.With(func(c *x509.Certificate) {
		c.DNSNames, c.ExtKeyUsage = []string{"device.local"}, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	})))
	got := mustRead(t, store.MarshalCertificates(chain), inspect.Config{}).Entries[0].Certificates
	want := inspect.Certificate{
		Subject: "CN=device,O=Chainmail", Issuer: "CN=ca,O=Chainmail", Version: 3, Key: "ECDSA P-256", SignatureAlgorithm: "ECDSA-SHA256",
		BasicConstraints: "CA:FALSE", KeyUsage: []string{"digitalSignature", "nonRepudiation"}, ExtKeyUsage: []string{"clientAuth"}, Names: []string{"device.local"},
	}
	same := cmp.FilterPath(func(p cmp.Path) bool {
		return slices.Contains([]string{"SerialNumber", "NotBefore", "NotAfter", "SubjectKeyID", "AuthorityKeyID", "SHA256"}, p.Last().String()[1:])
	}, cmp.Ignore())
	if diff := cmp.Diff(want, got[0], same); diff != "" {
		t.Error(diff)
	}
	if got[1].BasicConstraints != "CA:TRUE, pathlen:3" || !got[1].SelfIssued || got[0].AuthorityKeyID != got[1].SubjectKeyID {
		t.Errorf("issuer is described as %+v", got[1])
	}
}

func TestWhatIsIgnoredIsCounted(t *testing.T) {
	data := pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{0x30, 0}})
	data = append(data, store.MarshalCertificates(mustChain(t, factory().Root("ca")))...)
	if f := mustRead(t, data, inspect.Config{}); f.Ignored != 1 || f.Kind != inspect.KindCertificate {
		t.Errorf("%s with %d ignored, want a certificate with 1", f.Kind, f.Ignored)
	}
}

func TestErrors(t *testing.T) {
	f := factory()
	device := f.Device(f.Root("ca"), "device")
	chain := mustChain(t, device)
	entry := store.Entry{Alias: "d", Key: device.Signer(), Chain: chain}
	locked := mustLock(t, device.Signer())
	whole := store.MarshalCertificates(chain)
	for _, tt := range []struct {
		name string
		data []byte
		c    inspect.Config
		want string
	}{
		{"nothing", nil, inspect.Config{}, "file is empty"},
		{"ten megabytes of zeros", make([]byte, 10<<20), inspect.Config{}, "no known format"},
		{"cut short", whole[:len(whole)-40], inspect.Config{}, "does not end"},
		{"certificate in DER, cut short", chain[0][:100], inspect.Config{}, "cut short"},
		{"parameters only", pem.EncodeToMemory(&pem.Block{Type: "DH PARAMETERS", Bytes: []byte{0x30, 0}}), inspect.Config{}, "holds only DH PARAMETERS"},
		{"store without its password", mustEncode(t, store.PKCS12, entry), inspect.Config{}, store.ErrPassword.Error()},
		{"store with another password", mustEncode(t, store.JKS, entry), inspect.Config{Password: "other!"}, store.ErrPassword.Error()},
		{"key with another password", locked, inspect.Config{Password: "other!"}, store.ErrPassword.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := inspect.Read(tt.data, tt.c)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
			if strings.Contains(tt.name, "password") && !errors.Is(err, store.ErrPassword) {
				t.Errorf("error %v, want store.ErrPassword", err)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	c := factory()
	device := c.Device(c.Root("ca"), "device")
	chain := mustChain(f, device)
	f.Add(store.MarshalCertificates(chain))
	f.Add(chain[0])
	for _, format := range []store.Format{store.PKCS12, store.JKS} {
		data, err := store.Encode([]store.Entry{{Alias: "d", Key: device.Signer(), Chain: chain}}, store.Config{Format: format, Password: password, Iterations: 1})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := inspect.Read(bytes.Clone(data), inspect.Config{Now: now, Password: password})
		if (file == nil) == (err == nil) {
			t.Fatalf("file %v and error %v, want one of them", file, err)
		}
		if file != nil && (file.Kind == "" || len(file.Entries) == 0 && file.Kind != inspect.KindTrustStore) {
			t.Errorf("file of kind %q with %d entries", file.Kind, len(file.Entries))
		}
	})
}
