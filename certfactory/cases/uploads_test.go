package cases_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
)

func mustBuildUpload(t testing.TB, c cases.UploadCase, f *certfactory.Factory, bench string) cases.Upload {
	t.Helper()
	u, err := c.Build(cases.NewBench(f, bench))
	if err != nil {
		t.Fatalf("build %s: %v", c.ID, err)
	}
	return u
}

// value is what an upload has for certInPemFormat.
func value(t *testing.T, id string) string {
	t.Helper()
	c, ok := cases.UploadByID(id)
	if !ok {
		t.Fatalf("no row %s", id)
	}
	var body struct {
		PEM string `json:"certInPemFormat"`
	}
	if err := json.Unmarshal(mustBuildUpload(t, c, shared(), "bench").Request.Body, &body); err != nil {
		t.Fatal(err)
	}
	return body.PEM
}

func TestUploadRowsAreComplete(t *testing.T) {
	kebab := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	quote := regexp.MustCompile(`"[^"]+"|RFC \d+ §\d|the sample configuration`)
	seen := make(map[string]bool)
	for _, c := range cases.AllUploads() {
		t.Run(c.ID, func(t *testing.T) {
			if _, chain := cases.ByID(c.ID); chain || seen[c.ID] || !kebab.MatchString(c.ID) {
				t.Errorf("id %q is not in kebab case or not unique", c.ID)
			}
			seen[c.ID] = true
			if c.Group == "" || c.How == "" || c.Basis == "" || len(c.Clauses) == 0 || len(c.Statuses) == 0 {
				t.Error("group, how, basis, clauses or statuses are missing")
			}
			if c.Expectation.Must() && !quote.MatchString(c.Basis) {
				t.Errorf("basis %q quotes nothing", c.Basis)
			}
			for _, status := range c.Statuses {
				if c.Expectation.Accept() && status >= 300 || c.Expectation.Refuse() && status < 400 {
					t.Errorf("status %d of a row to %s", status, c.Expectation)
				}
			}
			if c.Expectation.Refuse() != (c.Control != "") {
				t.Errorf("control %q of a row to %s", c.Control, c.Expectation)
			}
			if c.Control != "" {
				if control, ok := cases.UploadByID(c.Control); !ok || control.Expectation != cases.Accept {
					t.Errorf("control %q is not a row that must be accepted", c.Control)
				}
			}
		})
	}
}

func TestUploadCatalogue(t *testing.T) {
	var text strings.Builder
	for _, c := range cases.AllUploads() {
		fmt.Fprintln(&text, strings.TrimRight(fmt.Sprintf("%-18s %-34s %-14s %-12s %s",
			c.Group, c.ID, c.Expectation, strings.Trim(fmt.Sprint(c.Statuses), "[]"), strings.Join(c.Tags, " ")), " "))
	}
	golden(t, text.String())
}

func TestUploadsAreReproducible(t *testing.T) {
	again, other := certfactory.New(shared().Seed(), now), certfactory.New(certfactory.Seed{8}, now)
	for _, c := range cases.AllUploads() {
		if c.Tagged(cases.TagCostly) && !*costly {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			one, two := mustBuildUpload(t, c, shared(), "bench"), mustBuildUpload(t, c, again, "bench")
			if !reflect.DeepEqual(one, two) {
				t.Error("same seed and moment, another upload")
			}
			for _, elsewhere := range []cases.Upload{mustBuildUpload(t, c, other, "bench"), mustBuildUpload(t, c, shared(), "bench 2")} {
				if bytes.Equal(one.Certificate, elsewhere.Certificate) {
					t.Error("two benches upload one certificate")
				}
			}
		})
	}
}

// TestUploadsDeclareWhatRemains wants no anchor left by what is refused, save by
// those rows that have an anchor from before.
func TestUploadsDeclareWhatRemains(t *testing.T) {
	for _, c := range cases.AllUploads() {
		if c.Tagged(cases.TagCostly) && !*costly {
			continue
		}
		u := mustBuildUpload(t, c, shared(), "bench")
		if c.Expectation.Refuse() && u.Remaining != 0 && len(u.Before) == 0 {
			t.Errorf("%s: %d anchors remain of what is refused", c.ID, u.Remaining)
		}
		if c.Expectation.Accept() && u.Remaining != 1 && u.Request.Method != "DELETE" {
			t.Errorf("%s: %d anchors remain of what is accepted", c.ID, u.Remaining)
		}
	}
}

// TestGoodUpload is the request of the specification's example.
func TestGoodUpload(t *testing.T) {
	c, _ := cases.UploadByID("pem-no-newlines")
	u := mustBuildUpload(t, c, shared(), "bench")
	var body map[string]string
	if err := json.Unmarshal(u.Request.Body, &body); err != nil {
		t.Fatal(err)
	}
	if body["status"] != "ENABLED" || body["autoRegistrationEnabled"] != "true" || body["name"] == "" {
		t.Errorf("body %v", body)
	}
	text := body["certInPemFormat"]
	if strings.ContainsAny(text, "\r\n") || !strings.HasPrefix(text, "-----BEGIN CERTIFICATE-----M") || !strings.HasSuffix(text, "-----END CERTIFICATE-----") {
		t.Errorf("value %q", text)
	}
	if want := certfactory.Fingerprint(u.Certificate); len(want) != 40 {
		t.Errorf("fingerprint %q", want)
	}
}

// TestSpellings checks the values against the reader of the standard library
// where it reads them, and by what they begin with where it does not.
func TestSpellings(t *testing.T) {
	for _, id := range []string{"pem-lf", "pem-crlf", "pem-body-one-line", "pem-76-columns", "pem-no-final-newline", "pem-text-before", "pem-text-after", "pem-1mb"} {
		c, _ := cases.UploadByID(id)
		block, _ := pem.Decode([]byte(value(t, id)))
		if block == nil || !bytes.Equal(block.Bytes, mustBuildUpload(t, c, shared(), "bench").Certificate) {
			t.Errorf("%s is not the PEM of its certificate", id)
		}
	}
	for id, want := range map[string]string{
		"pem-bom": "\ufeff-----BEGIN", "pem-four-dashes": "----BEGIN CERTIFICATE----\n", "pem-base64-only": "MII",
		"pem-label-lower-case": "-----begin certificate-----\n", "pem-csr": "-----BEGIN CERTIFICATE REQUEST-----\n",
		"pem-literal-backslash-n": `-----BEGIN CERTIFICATE-----\nMII`, "pem-empty-body": "-----BEGIN CERTIFICATE-----\n\n-----END",
	} {
		if got := value(t, id); !strings.HasPrefix(got, want) {
			t.Errorf("%s begins with %.40q, want %q", id, got, want)
		}
	}
	if key := value(t, "pem-key-after-certificate"); !strings.Contains(key, "-----BEGIN PRIVATE KEY-----") {
		t.Error("pem-key-after-certificate has no key")
	}
	if text := value(t, "pem-two-certificates"); strings.Count(text, "BEGIN CERTIFICATE") != 2 {
		t.Error("pem-two-certificates has not two")
	}
}

func TestRequestFaults(t *testing.T) {
	build := func(id string) cases.Request {
		c, _ := cases.UploadByID(id)
		return mustBuildUpload(t, c, shared(), "bench").Request
	}
	for id, valid := range map[string]bool{"upload-bad-json": false, "upload-raw-newline-in-json": false, "upload-long-name": true, "put-status": true} {
		if got := json.Valid(build(id).Body); got != valid {
			t.Errorf("%s: valid JSON %v", id, got)
		}
	}
	if r := build("upload-other-tenant-path"); r.Tenant != 1 || r.As != 0 {
		t.Errorf("upload-other-tenant-path: tenant %d as %d", r.Tenant, r.As)
	}
	if r := build("upload-no-role"); !r.Unprivileged {
		t.Error("upload-no-role has a role")
	}
	if r := build("delete-twice"); r.Method != "DELETE" || r.Fingerprint == "" {
		t.Errorf("delete-twice: %s %q", r.Method, r.Fingerprint)
	}
	if r := build("get-fingerprint-case"); r.Fingerprint != strings.ToUpper(r.Fingerprint) {
		t.Errorf("get-fingerprint-case: %q", r.Fingerprint)
	}
}
