package certfactory_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// proofs names for each clause that binds a tool the tests which fail when it is
// broken: as folder.Test, or as the script of a command.
var proofs = []struct {
	clause, about string
	tests         []string
}{
	{"DC-CERT-01", "extensions of a CA certificate", []string{"cadir.TestCACertificate", "certfactory.TestProfile"}},
	{"DC-CERT-02", "extensions of a device certificate", []string{"cadir.TestDeviceCertificate", "certfactory.TestProfile"}},
	{"DC-CERT-03", "intermediates from their own requests", []string{"cadir.TestIntermediates", "certs_ca.txtar"}},
	{"DC-CERT-04", "database and serial numbers that OpenSSL carries on with", []string{"cadir.TestDirectory", "cadir.TestOpenSSLAndBack", "cadir.TestEnter", "cadir.TestEnterIsReadByOpenSSL", "certs_fleet.txtar"}},
	{"DC-CERT-05", "strong keys, encrypted with AES-256", []string{"cadir.TestKeys", "cadir.TestKeysForOpenSSL", "store.TestEncryptedKeys", "store.TestGenrsa"}},
	{"DC-CERT-06", "signing requests", []string{"cadir.TestRequest", "cadir.TestSignRefuses", "certs_request.txtar", "certs_sign.txtar"}},
	{"DC-CERT-07", "SHA-256, days", []string{"cadir.TestSignatureAndDays"}},
	{"DC-CERT-08", "openssl verify", []string{"cadir.TestVerifies", "certfactory.TestOpenSSLVerifies", "cases.TestOpenSSLAcceptsGoodRows", "certs_fleet.txtar"}},
	{"DC-CERT-09", "order of the chain", []string{"cadir.TestChain", "store.TestOrder", "certfactory.TestFleetMakesGoodDevices", "certs_chain.txtar"}},
	{"DC-CERT-10", "revocation lists", []string{"cadir.TestCRL", "certs_revoke.txtar"}},
	{"DC-CERT-11", "PKCS#12 key store", []string{"store.TestOpenSSLReadsPKCS12", "store.TestKeytoolLists", "store.TestJavaReads", "certs_keystore.txtar"}},
	{"DC-CERT-12", "JKS key store", []string{"store.TestKeytoolLists", "store.TestJavaReads", "certs_keystore.txtar"}},
	{"DC-CERT-13", "the server's certificate", []string{"store.TestFetch", "certs_fetch.txtar"}},
	{"DC-CERT-14", "trust stores", []string{"store.TestTrustStoreRoundTrip", "store.TestTrustStoreOfKeytool", "store.TestJavaReads", "certs_truststore.txtar"}},
	{"DC-CERT-15", "key store and trust store in one file", []string{"store.TestRoundTrip", "store.TestJavaReads", "certs_truststore.txtar"}},
	{"DC-CERT-16", "listing a store", []string{"store.TestList", "certs_show.txtar"}},
}

// TestEveryToolClauseHasItsTests wants that no clause is left out and that what is
// named here is there.
func TestEveryToolClauseHasItsTests(t *testing.T) {
	known := make(map[string]bool)
	for folder, dir := range map[string]string{"certfactory": ".", "cadir": "cadir", "store": "store", "cases": "cases"} {
		for _, name := range testNames(t, dir) {
			known[folder+"."+name] = true
		}
	}
	for i, p := range proofs {
		if want := fmt.Sprintf("DC-CERT-%02d", i+1); p.clause != want {
			t.Errorf("row %d is about %s, want %s", i, p.clause, want)
		}
		if len(p.tests) == 0 {
			t.Errorf("%s (%s): no test", p.clause, p.about)
		}
		for _, name := range p.tests {
			if strings.HasSuffix(name, ".txtar") {
				if _, err := os.Stat(filepath.Join("..", "cmd", "chainmail", "testdata", "script", name)); err != nil {
					t.Errorf("%s (%s): %v", p.clause, p.about, err)
				}
			} else if !known[name] {
				t.Errorf("%s (%s): there is no %s", p.clause, p.about, name)
			}
		}
	}
	if len(proofs) != 16 {
		t.Errorf("%d clauses, want 16", len(proofs))
	}
}

// testNames returns the test functions of a folder.
func testNames(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Test") {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names
}
