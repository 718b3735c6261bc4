package trust_test

import (
	"crypto/x509"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// A pkitsVector is one row of NIST's path validation test suite, as the Go
// distribution carries it.
type pkitsVector struct {
	Name             string
	CertPath         []string
	ShouldValidate   bool
	InitialPolicySet []string

	InitialPolicyMappingInhibit, InitialExplicitPolicy, InitialAnyPolicyInhibit bool
}

// pkitsDifferences are the vectors on which a walk may differ, by the number that the
// name begins with, and why. Everything else must agree.
func pkitsDifferences() map[string]string {
	const (
		dsa        = "DSA is no signature algorithm of TLS"
		names      = "names are compared byte by byte, without folding of case, space and string types"
		revocation = "the platform checks no revocation, and some of these paths list the certificates of CRL issuers"
		directory  = "a critical constraint on directory names is refused as unknown, as crypto/x509 does not read it"
		hosts      = "crypto/x509 reads a constraint on a host as one on the domain with all hosts in it"
	)
	return map[string]string{
		"4.1.4 ": dsa, "4.1.5 ": dsa,
		"4.3.3 ": names, "4.3.4 ": names, "4.3.5 ": names, "4.3.10 ": names, "4.3.11 ": names,
		"4.4.": revocation, "4.5.2 ": revocation, "4.5.4 ": revocation, "4.5.6 ": revocation,
		"4.7.4 ": revocation, "4.7.5 ": revocation, "4.14.": revocation, "4.15.": revocation,
		"4.13.1 ": directory, "4.13.4 ": directory, "4.13.5 ": directory, "4.13.6 ": directory, "4.13.11 ": directory,
		"4.13.14 ": directory, "4.13.18 ": directory, "4.13.19 ": directory, "4.13.27 ": directory,
		"4.13.24 ": hosts, "4.13.25 ": hosts, "4.13.36 ": hosts,
	}
}

// TestPKITS walks NIST's paths as if a device presented them, anchor included.
func TestPKITS(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skip("the go command cannot be asked where the Go distribution is")
	}
	dir := filepath.Join(strings.TrimSpace(string(root)), "src/crypto/x509/testdata/nist-pkits")
	raw, err := os.ReadFile(filepath.Join(dir, "vectors.json"))
	if err != nil {
		t.Skip("the Go distribution has no NIST PKITS vectors")
	}
	var vectors []pkitsVector
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	needed := map[string]bool{}
	agreed := 0
	for _, v := range vectors {
		if v.initialPolicy() {
			continue // the platform has no such inputs
		}
		validated := walkPKITS(t, filepath.Join(dir, "certs"), v)
		prefix := v.difference()
		switch {
		case validated == v.ShouldValidate:
			agreed++
		case prefix == "":
			t.Errorf("%s: validated %v, want %v", v.Name, validated, v.ShouldValidate)
		default:
			needed[prefix] = true
		}
	}
	for prefix, why := range pkitsDifferences() {
		if !needed[prefix] {
			t.Errorf("no vector %s differs, so there is nothing to explain by %q", prefix, why)
		}
	}
	if agreed < 100 {
		t.Errorf("only %d vectors agree: the walk cannot have been tried", agreed)
	}
}

func (v pkitsVector) initialPolicy() bool {
	return v.InitialPolicyMappingInhibit || v.InitialExplicitPolicy || v.InitialAnyPolicyInhibit ||
		!slices.Equal(v.InitialPolicySet, []string{"anyPolicy"})
}

func (v pkitsVector) difference() string {
	for prefix := range pkitsDifferences() {
		if strings.HasPrefix(v.Name, prefix) {
			return prefix
		}
	}
	return ""
}

// walkPKITS reports whether the path is found good. What cannot be parsed is not.
func walkPKITS(t *testing.T, dir string, v pkitsVector) bool {
	t.Helper()
	var presented []*x509.Certificate
	for _, name := range slices.Backward(v.CertPath) {
		der, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return false
		}
		presented = append(presented, c)
	}
	s := store{{Tenant: "t1", Enabled: true, Certificate: presented[len(presented)-1]}}
	rules := trust.Rules{Anchors: s, MaxLength: len(presented), Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	_, refusal := rules.Walk(presented)
	return refusal == nil
}
