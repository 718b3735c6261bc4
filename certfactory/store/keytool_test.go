package store_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// Java sees the keys, chains and trusted certificates of everything that is written
// here, byte for byte.
func TestJavaReads(t *testing.T) {
	t.Parallel()
	b := newBench(t, "java")
	want := make(map[string][]store.Entry)
	var files []javaStore
	add := func(f javaStore, entries ...store.Entry) {
		b.write(f.name, mustEncode(t, entries, store.Config{Format: f.format, Password: password, KeyPassword: f.keyPassword}))
		want[f.name] = entries
		files = append(files, f)
	}
	for _, alg := range algorithms {
		for _, format := range []store.Format{store.PKCS12, store.JKS} {
			name := alg.String() + "." + format.String()
			add(javaStore{format, "key-" + name, ""}, device(t, alg))
			add(javaStore{format, "both-" + name, ""}, append(anchors(t), device(t, alg))...)
		}
		add(javaStore{store.JKS, "twopass-" + alg.String(), "another 2"}, device(t, alg))
	}
	add(javaStore{store.PKCS12, "trust.pkcs12", ""}, anchors(t)...)
	add(javaStore{store.JKS, "trust.jks", ""}, anchors(t)...)

	got := b.java(files...)
	for name, entries := range want {
		if got[name] == nil {
			t.Errorf("Java sees nothing in %s", name)
			continue
		}
		byAlias := func(a, b store.Entry) int { return strings.Compare(a.Alias, b.Alias) }
		slices.SortFunc(entries, byAlias)
		slices.SortFunc(got[name].Entries, byAlias)
		b.same(got[name], entries...)
	}
}

// The listing of the specification's step 6 names what it should (DC-CERT-11,
// DC-CERT-12, DC-CERT-14, DC-CERT-15).
func TestKeytoolLists(t *testing.T) {
	t.Parallel()
	for _, format := range []store.Format{store.PKCS12, store.JKS} {
		t.Run(format.String(), func(t *testing.T) {
			b := newBench(t, "keytool")
			entries := append([]store.Entry{device(t, certfactory.RSA2048)}, anchors(t)...)
			b.write("store", mustEncode(t, entries, store.Config{Format: format, Password: password}))
			text := strings.ReplaceAll(string(b.keytool("-list", "-v", "-keystore", "store", "-storepass", string(password))), "\r", "")
			for _, want := range []string{
				"contains 3 entries", "Alias name: devicekeyentry", "Entry type: PrivateKeyEntry", "Certificate chain length: 3",
				"Alias name: servercertificate", "Alias name: second",
			} {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in\n%s", want, text)
				}
			}
			if n := strings.Count(text, "Entry type: trustedCertEntry"); n != 2 {
				t.Errorf("%d trusted certificates, want 2", n)
			}
		})
	}
}

// What keytool makes by the specification's commands is read here, and keytool
// carries on with a store that was begun here.
func TestKeytoolWrites(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms {
		t.Run(alg.String(), func(t *testing.T) {
			b := newBench(t, "keytool", "openssl")
			key, trusted := device(t, alg), anchors(t)
			b.writeDevice(key)
			b.write("serverCertificate.pem", store.MarshalCertificates(trusted[0].Chain))
			b.openssl("pkcs12", "-export", "-name", store.DeviceAlias, "-inkey", "deviceKey.pem", "-in", "deviceCertChain.pem",
				"-out", "openssl.pkcs12", "-passout", passFlag)
			b.write("ours.pkcs12", mustEncode(t, []store.Entry{key}, store.Config{Password: password}))
			b.write("ours.jks", mustEncode(t, []store.Entry{key}, store.Config{Format: store.JKS, Password: password}))

			for _, from := range []string{"openssl.pkcs12", "ours.pkcs12", "ours.jks"} {
				for _, to := range []string{"JKS", "PKCS12"} {
					if alg != certfactory.P256 && from != "ours.jks" {
						continue // half a second each
					}
					name := from + "." + to
					b.keytool("-importkeystore", "-srckeystore", from, "-srcstorepass", string(password),
						"-destkeystore", name, "-deststoretype", to, "-deststorepass", string(password))
					b.same(b.open(name, password), key)
				}
			}
			b.importTrusted("ours.pkcs12")
			b.same(b.open("ours.pkcs12", password), key, trusted[0])
		})
	}
}

// importTrusted is the specification's command for a trust store.
func (b bench) importTrusted(name string, flags ...string) {
	b.Helper()
	b.keytool(append([]string{
		"-importcert", "-noprompt", "-keystore", name, "-alias", store.ServerAlias,
		"-file", "serverCertificate.pem", "-storepass", string(password),
	}, flags...)...)
}

func TestTrustStoreOfKeytool(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"PKCS12", "JKS"} {
		t.Run(format, func(t *testing.T) {
			b := newBench(t, "keytool")
			want := anchors(t)[0]
			b.write("serverCertificate.pem", store.MarshalCertificates(want.Chain))
			b.importTrusted("deviceTruststore", "-storetype", format)
			b.same(b.open("deviceTruststore", password), want)
		})
	}
}

// Java up to version 11 writes the old ciphers, and can still be told to.
func TestOldPKCS12OfKeytool(t *testing.T) {
	t.Parallel()
	b := newBench(t, "keytool")
	want := device(t, certfactory.P256)
	b.write("ours.jks", mustEncode(t, []store.Entry{want}, store.Config{Format: store.JKS, Password: password}))
	b.keytool("-J-Dkeystore.pkcs12.legacy", "-importkeystore", "-srckeystore", "ours.jks", "-srcstorepass", string(password),
		"-destkeystore", "old.pkcs12", "-deststoretype", "PKCS12", "-deststorepass", string(password))
	b.same(b.open("old.pkcs12", password), want)
}

// A store that keytool made with a key of its own: the chain is one certificate, and
// what OpenSSL sees is what is seen here.
func TestGenkeypair(t *testing.T) {
	t.Parallel()
	b := newBench(t, "keytool", "openssl")
	b.keytool("-genkeypair", "-keyalg", "EC", "-groupname", "secp384r1", "-alias", "DeviceKeyEntry", "-dname", "CN=device-1",
		"-keystore", "store.pkcs12", "-storepass", string(password))
	got, err := b.open("store.pkcs12", password).Device()
	if err != nil {
		t.Fatal(err)
	}
	if got.Alias != store.DeviceAlias || len(got.Chain) != 1 || got.Check() != nil {
		t.Errorf("entry %v, fault %v", got, got.Check())
	}
	b.sameKey(b.openssl("pkcs12", "-in", "store.pkcs12", "-passin", passFlag, "-nodes", "-nocerts"), "", got.Key)
}
