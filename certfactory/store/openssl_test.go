package store_test

import (
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

const passFlag = "pass:" + string(password)

// What is written here OpenSSL reads: the key, the chain and the alias.
func TestOpenSSLReadsPKCS12(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms {
		t.Run(alg.String(), func(t *testing.T) {
			b := newBench(t, "openssl")
			want := device(t, alg)
			entries := append([]store.Entry{want}, anchors(t)...)
			b.write("store.p12", mustEncode(t, entries, store.Config{Password: password}))
			text := b.openssl("pkcs12", "-in", "store.p12", "-passin", passFlag, "-nodes")
			for _, alias := range []string{store.DeviceAlias, store.ServerAlias, "second"} {
				if !strings.Contains(string(text), "friendlyName: "+alias+"\n") {
					t.Errorf("no friendlyName %s in\n%s", alias, text)
				}
			}
			b.write("store.pem", text)
			got := b.open("store.pem", "")
			want.Alias = "1"
			want.Chain = [][]byte{want.Chain[0], entries[1].Chain[0], entries[2].Chain[0], want.Chain[1], want.Chain[2]}
			b.same(got, want)
		})
	}
}

// An iteration count and an empty password of our own choice are read as well.
func TestOpenSSLReadsEmptyPassword(t *testing.T) {
	t.Parallel()
	b := newBench(t, "openssl")
	b.write("store.p12", mustEncode(t, []store.Entry{device(t, certfactory.P256)}, store.Config{Iterations: 1}))
	b.openssl("pkcs12", "-in", "store.p12", "-passin", "pass:", "-nodes")
}

// What OpenSSL writes is read here, with the algorithms of its versions 3 and 1.
func TestPKCS12OfOpenSSL(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms {
		want := device(t, alg)
		for _, tt := range []struct {
			name     string
			flags    []string
			password store.Password
		}{
			{"as in the specification", nil, password},
			{"legacy", []string{"-legacy"}, password},
			{"RC2 of 128 bits", []string{"-legacy", "-certpbe", "PBE-SHA1-RC2-128", "-keypbe", "PBE-SHA1-RC2-128"}, password},
			{"triple DES", []string{"-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"}, password},
			{"AES-128", []string{"-certpbe", "AES-128-CBC", "-keypbe", "AES-192-CBC", "-macalg", "sha512"}, password},
			{"no integrity check", []string{"-nomac"}, password},
			{"nothing enciphered", []string{"-certpbe", "NONE", "-keypbe", "NONE"}, password},
			{"once", []string{"-noiter"}, password},
			{"non-ASCII password", nil, "Schlüssel€ 12"},
			{"non-ASCII password, legacy", []string{"-legacy"}, "Schlüssel€ 12"},
			{"empty password", nil, ""},
			{"empty password, legacy", []string{"-legacy"}, ""},
		} {
			if alg != certfactory.P256 && tt.flags != nil {
				continue // the kind of key and the algorithm are independent
			}
			t.Run(alg.String()+"/"+tt.name, func(t *testing.T) {
				b := newBench(t, "openssl")
				b.writeDevice(want)
				b.openssl(append([]string{
					"pkcs12", "-export", "-name", store.DeviceAlias, "-inkey", "deviceKey.pem",
					"-in", "deviceCertChain.pem", "-out", "deviceKeystore.pkcs12", "-passout", "pass:" + string(tt.password),
				}, tt.flags...)...)
				b.same(b.open("deviceKeystore.pkcs12", tt.password), want)
			})
		}
	}
}

// A private key under AES-256 as `openssl genrsa -aes256` writes it, both ways.
func TestEncryptedKeys(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms {
		t.Run(alg.String(), func(t *testing.T) {
			b := newBench(t, "openssl")
			want := device(t, alg).Key
			pem, err := store.MarshalKey(want, store.Config{Password: password})
			if err != nil {
				t.Fatal(err)
			}
			b.write("key.pem", pem)
			b.sameKey(b.openssl("pkey", "-in", "key.pem", "-passin", passFlag), "", want)
			b.sameKey(b.openssl("pkey", "-in", "key.pem", "-passin", passFlag, "-aes256", "-passout", passFlag), password, want)
			b.sameKey(pem, password, want)
		})
	}
}

// Every other form in which OpenSSL has written private keys.
func TestKeysOfOpenSSL(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		alg  certfactory.Alg
		args []string
	}{
		{"PKCS#1", certfactory.RSA2048, []string{"rsa", "-traditional"}},
		{"PKCS#1, AES-256", certfactory.RSA2048, []string{"rsa", "-traditional", "-aes256"}},
		{"PKCS#1, triple DES", certfactory.RSA2048, []string{"rsa", "-traditional", "-des3"}},
		{"SEC 1", certfactory.P256, []string{"ec"}},
		{"SEC 1, AES-256", certfactory.P384, []string{"ec", "-aes256"}},
		{"PKCS#8", certfactory.Ed25519, []string{"pkey"}},
		{"PKCS#8, triple DES", certfactory.P256, []string{"pkcs8", "-topk8", "-v2", "des3"}},
		{"PKCS#8, AES-128", certfactory.P256, []string{"pkcs8", "-topk8", "-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"}},
		{"PKCS#8, SHA-512", certfactory.P256, []string{"pkcs8", "-topk8", "-v2", "aes256", "-v2prf", "hmacWithSHA512"}},
		{"PKCS#8 of PKCS#12", certfactory.P256, []string{"pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, "openssl")
			want := device(t, tt.alg).Key
			pem, err := store.MarshalKey(want, store.Config{})
			if err != nil {
				t.Fatal(err)
			}
			b.write("plain.pem", pem)
			b.sameKey(pem, "", want)
			b.openssl(append(tt.args, "-in", "plain.pem", "-out", "key.pem", "-passout", passFlag)...)
			b.sameKey(b.read("key.pem"), password, want)
		})
	}
}

// The specification's own command for a private key, under openssl 3.
func TestGenrsa(t *testing.T) {
	t.Parallel()
	b := newBench(t, "openssl")
	b.openssl("genrsa", "-aes256", "-passout", passFlag, "-out", "deviceKey.pem", "2048")
	want, err := store.ParseKey(b.openssl("rsa", "-in", "deviceKey.pem", "-passin", passFlag), "")
	if err != nil {
		t.Fatal(err)
	}
	b.sameKey(b.read("deviceKey.pem"), password, want)
}

// `openssl ecparam` puts the curve before the key.
func TestECParameters(t *testing.T) {
	t.Parallel()
	b := newBench(t, "openssl")
	if _, err := store.ParseKey(b.openssl("ecparam", "-genkey", "-name", "prime256v1"), ""); err != nil {
		t.Error(err)
	}
}
