package cases_test

import (
	"bytes"
	"crypto"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
)

// notStrict are good rows that openssl verify -x509_strict finds fault with: each
// does on purpose what RFC 5280 tells issuers not to do.
var notStrict = []string{
	"aki-missing", "bc-noncritical-intermediate", "bc-noncritical-root", "ku-absent-cas", "ski-missing-root",
	"ski-collision",
}

// TestOpenSSLAcceptsGoodRows takes OpenSSL for a second opinion: what must or
// should be accepted is good in its eyes too.
func TestOpenSSLAcceptsGoodRows(t *testing.T) {
	verify := openSSL(t)
	for _, c := range cases.All() {
		if tooLong(c) {
			continue
		}
		if !c.Expectation.Accept() {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			var strict []string
			if !slices.Contains(notStrict, c.ID) {
				strict = []string{"-x509_strict"}
			}
			if errors := verify(t, mustBuild(t, c, shared(), "bench"), strict...); len(errors) > 0 {
				t.Errorf("openssl verify: errors %v", errors)
			}
		})
	}
}

// opensslErrors are the X509_V_ERR numbers that stand for a reason of ours.
var opensslErrors = map[string][]string{
	"expired":          {"10"},
	"not-yet-valid":    {"9"},
	"bad-signature":    {"7"},
	"pathlen":          {"25", "41"},
	"issuer-not-ca":    {"24", "79"},
	"ca-not-v3":        {"24", "79"},
	"issuer-ku":        {"20", "32"},
	"unknown-critical": {"34", "47"},
	"constraints":      {"47", "48", "43"},
	"issuer-mismatch":  {"2", "18", "20", "21"},
	"weak-key":         {"66", "67"},
	"weak-signature":   {"7", "68", "6"},
	"leaf-eku":         {"26"},
}

// otherEyes are refusing rows that OpenSSL sees otherwise, with its errors. It
// orders a chain by itself, takes a trust anchor as it is, minds no policy unless
// told to, and searches an issuer by its properties, so that a wrong one is none.
var otherEyes = map[string]string{
	"order-intermediate-root-swapped": "",
	"order-two-intermediates-swapped": "",
	"extra-second-leaf-claimed":       "",
	"bc-missing-root":                 "",
	"v1-root":                         "",
	"sigalg-other-family":             "20",
	"sigalg-unknown-oid":              "20",
	"leaf-rsa2047":                    "",
	"leaf-rsa-e1":                     "",
	"root-rsa-e1-forgery":             "",
	"ext-policy-required":             "",
}

// TestOpenSSLFindsTheFault wants that the fault of a row is really in it.
func TestOpenSSLFindsTheFault(t *testing.T) {
	verify := openSSL(t)
	for _, c := range cases.All() {
		if tooLong(c) {
			continue
		}
		want, known := opensslErrors[c.Reason]
		if !c.Expectation.Refuse() || !known {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			got := verify(t, mustBuild(t, c, shared(), "bench"))
			if other, ok := otherEyes[c.ID]; ok {
				if strings.Join(got, " ") != other {
					t.Errorf("openssl verify: errors %v, used to be %q", got, other)
				}
				return
			}
			if !slices.ContainsFunc(got, func(e string) bool { return slices.Contains(want, e) }) {
				t.Errorf("openssl verify: errors %v, want one of %v", got, want)
			}
		})
	}
}

// openSSL returns a function that verifies the chain of a presentation as it is
// sent: the last certificate is trusted, the others are given. It returns the
// numbers of the errors.
func openSSL(t *testing.T) func(*testing.T, certfactory.Presentation, ...string) []string {
	t.Helper()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	number := regexp.MustCompile(`(?m)^error (\d+) at`)
	return func(t *testing.T, p certfactory.Presentation, flags ...string) []string {
		t.Helper()
		dir := t.TempDir()
		last := len(p.Chain) - 1
		for name, ders := range map[string][][]byte{"leaf": p.Chain[:1], "cas": p.Chain[:last], "root": p.Chain[last:]} {
			if err := os.WriteFile(filepath.Join(dir, name), certfactory.PEM(ders...), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		args := append([]string{
			"verify", "-partial_chain", "-purpose", "sslclient", "-attime", fmt.Sprint(now.Unix()),
			"-auth_level", "2", "-CAfile", "root", "-untrusted", "cas",
		}, flags...)
		cmd := exec.CommandContext(t.Context(), openssl, append(args, "leaf")...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		var errors []string
		for _, m := range number.FindAllSubmatch(out, -1) {
			errors = append(errors, string(m[1]))
		}
		if err != nil && len(errors) == 0 {
			return []string{strings.TrimSpace(string(out))}
		}
		return errors
	}
}

// TestOddKeysProvePossession has OpenSSL verify what the devices with odd keys
// sign, by the public keys in their certificates.
func TestOddKeysProvePossession(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	for _, id := range []string{
		"leaf-secp256k1", "leaf-brainpool-p256", "leaf-p224", "leaf-rsa512", "leaf-rsa-e3", "leaf-ec-explicit-params", "leaf-ec-point-compressed",
	} {
		t.Run(id, func(t *testing.T) {
			c, _ := cases.ByID(id)
			p := mustBuild(t, c, shared(), "bench")
			message := []byte("what a handshake signs")
			signature, err := crypto.SignMessage(p.Key, nil, message, crypto.SHA256)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			for name, content := range map[string][]byte{"cert": certfactory.PEM(p.Chain[0]), "message": message, "signature": signature} {
				if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for _, args := range [][]string{
				{"x509", "-in", "cert", "-pubkey", "-noout", "-out", "key"},
				{"dgst", "-sha256", "-verify", "key", "-signature", "signature", "message"},
			} {
				cmd := exec.CommandContext(t.Context(), openssl, args...)
				cmd.Dir = dir
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("openssl %v: %v\n%s", args, err, out)
				}
			}
		})
	}
}

// TestOddKeysAreWhatTheySay has OpenSSL name the public keys that no signature
// here proves.
func TestOddKeysAreWhatTheySay(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	for id, want := range map[string]string{
		"leaf-dsa": "Public Key Algorithm: dsaEncryption\n", "leaf-x25519": "X25519 Public-Key:", "leaf-ed448": "ED448 Public-Key:",
		"leaf-rsapss-key": "Public Key Algorithm: rsassaPss\n", "leaf-rsa-65536-bits": "Public-Key: (65536 bit)",
	} {
		t.Run(id, func(t *testing.T) {
			c, _ := cases.ByID(id)
			cmd := exec.CommandContext(t.Context(), openssl, "x509", "-noout", "-text")
			cmd.Stdin = bytes.NewReader(certfactory.PEM(mustBuild(t, c, shared(), "bench").Chain[0]))
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), want) {
				t.Errorf("openssl x509 says nothing of %q (%v):\n%.600s", want, err, out)
			}
		})
	}
}
