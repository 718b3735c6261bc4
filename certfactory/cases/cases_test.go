package cases_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/google/go-cmp/cmp"
)

var (
	update = flag.Bool("update", false, "write the golden files anew")
	costly = flag.Bool("costly", false, "build the rows that are tagged costly too")
)

var now = time.Date(2031, time.March, 4, 5, 6, 0, 0, time.UTC)

// shared is one factory for all tests that need no other: RSA keys are found once.
var shared = sync.OnceValue(func() *certfactory.Factory { return certfactory.New(certfactory.Seed{7}, now) })

func mustBuild(t testing.TB, c cases.Case, f *certfactory.Factory, bench string) certfactory.Presentation {
	t.Helper()
	p, err := c.Build(cases.NewBench(f, bench))
	if err != nil {
		t.Fatalf("build %s: %v", c.ID, err)
	}
	return p
}

// longKeys are the rows whose keys alone take seconds to find.
var longKeys = regexp.MustCompile("rsa3072|rsa4096|spec-profile")

// tooLong tells the rows that are left out. They are not skipped: a skipped test
// is one that should have run.
func tooLong(c cases.Case) bool {
	return c.Tagged(cases.TagCostly) && !*costly || testing.Short() && longKeys.MatchString(c.ID)
}

func TestRowsAreComplete(t *testing.T) {
	var (
		kebab  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
		clause = regexp.MustCompile(`^DC-[A-Z]+-\d\d$`)
		fault  = regexp.MustCompile(`^[a-zA-Z0-9.]+(, [a-zA-Z0-9.]+)*: .`)
	)
	seen := make(map[string]bool)
	for _, c := range cases.All() {
		t.Run(c.ID, func(t *testing.T) {
			if !kebab.MatchString(c.ID) || seen[c.ID] {
				t.Errorf("id %q is not in kebab case or not unique", c.ID)
			}
			seen[c.ID] = true
			if c.Group == "" || c.How == "" || c.Build == nil || len(c.Clauses) == 0 {
				t.Error("group, how, build or clauses are missing")
			}
			for _, id := range c.Clauses {
				if !clause.MatchString(id) {
					t.Errorf("clause %q", id)
				}
			}
			if c.Basis == "" {
				t.Error("no basis")
			}
			if c.Expectation.Refuse() != (c.Fault != "") || c.Fault != "" && !fault.MatchString(c.Fault) {
				t.Errorf("fault %q of a row to %s", c.Fault, c.Expectation)
			}
			if c.Expectation.Refuse() && c.Reason == "" || c.Expectation.Accept() && c.Reason != "" {
				t.Errorf("reason %q of a row to %s", c.Reason, c.Expectation)
			}
		})
	}
}

// TestMustsQuote wants of each must row a sentence of the specification or the
// section of a standard.
func TestMustsQuote(t *testing.T) {
	quote := regexp.MustCompile(`"[^"]+"|RFC \d+ §\d|X\.690 §\d|the sample configuration`)
	for _, c := range cases.All() {
		if c.Expectation.Must() && !quote.MatchString(c.Basis) {
			t.Errorf("%s: basis %q quotes nothing", c.ID, c.Basis)
		}
	}
}

func TestControls(t *testing.T) {
	for _, c := range cases.All() {
		if !c.Expectation.Refuse() {
			if c.Control != "" {
				t.Errorf("%s wants no refusal and has the control %s", c.ID, c.Control)
			}
			continue
		}
		control, ok := cases.ByID(c.Control)
		if !ok || !control.Expectation.Accept() {
			t.Errorf("%s: control %q is not a row that must be accepted", c.ID, c.Control)
		}
	}
}

func TestExpectations(t *testing.T) {
	tests := []struct {
		e                    cases.Expectation
		accept, refuse, must bool
	}{
		{cases.Accept, true, false, true},
		{cases.AcceptShould, true, false, false},
		{cases.Either, false, false, false},
		{cases.RefuseShould, false, true, false},
		{cases.Refuse, false, true, true},
	}
	for _, tt := range tests {
		if tt.e.Accept() != tt.accept || tt.e.Refuse() != tt.refuse || tt.e.Must() != tt.must {
			t.Errorf("%s: accept %v, refuse %v, must %v", tt.e, tt.e.Accept(), tt.e.Refuse(), tt.e.Must())
		}
	}
}

// TestCatalogue keeps the ids, what is expected of them and what they are
// compared with: other projects rely on them.
func TestCatalogue(t *testing.T) {
	var text strings.Builder
	for _, c := range cases.All() {
		fmt.Fprintln(&text, strings.TrimRight(fmt.Sprintf("%-18s %-40s %-14s %-34s %-22s %s",
			c.Group, c.ID, c.Expectation, c.Control, c.Reason, strings.Join(c.Tags, " ")), " "))
	}
	golden(t, text.String())
}

func golden(t *testing.T, got string) {
	t.Helper()
	name := filepath.Join("testdata", t.Name()+".golden")
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("differs from %s (-want +got); if that is meant, run with -update:\n%s", name, diff)
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	again := certfactory.New(shared().Seed(), now)
	for _, c := range cases.All() {
		if tooLong(c) {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			one, two := mustBuild(t, c, shared(), "bench"), mustBuild(t, c, again, "bench")
			one.Key, two.Key = nil, nil
			if !reflect.DeepEqual(one, two) {
				t.Error("same seed and moment, another presentation")
			}
		})
	}
}

// TestBuildsAtAnySeed also wants that nothing which one run sends is sent by
// another, and that no two devices of a run have one certificate.
func TestBuildsAtAnySeed(t *testing.T) {
	other := certfactory.New(certfactory.Seed{8}, now.Add(400*24*time.Hour))
	for _, c := range cases.All() {
		if tooLong(c) {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			p, q, r := mustBuild(t, c, shared(), "bench"), mustBuild(t, c, other, "bench"), mustBuild(t, c, shared(), "bench 2")
			for _, built := range []certfactory.Presentation{p, q, r} {
				if len(built.Chain) == 0 || built.Key == nil || built.MaxLength < 2 {
					t.Errorf("chain of %d, key %v, maximum length %d", len(built.Chain), built.Key, built.MaxLength)
				}
				if c.MaxLength > 0 && built.MaxLength != c.MaxLength {
					t.Errorf("maximum length %d, want %d", built.MaxLength, c.MaxLength)
				}
			}
			if !slices.Contains(sameEntry, c.ID) && (bytes.Equal(p.Chain[0], q.Chain[0]) || bytes.Equal(p.Chain[0], r.Chain[0])) {
				t.Error("two devices, one certificate")
			}
			if !slices.Contains(sameClientID, c.ID) && (p.ClientID == q.ClientID || p.ClientID == r.ClientID) {
				t.Error("two devices, one client id")
			}
			for i, a := range p.Anchors {
				if bytes.Equal(a.DER, q.Anchors[i].DER) || a.Name == q.Anchors[i].Name {
					t.Errorf("two runs, one anchor %q", a.Name)
				}
			}
		})
	}
}

var (
	// sameEntry are the rows whose first entry has nothing of the device in it.
	sameEntry = []string{
		"chain-root-only-with-root-key", "order-reversed", "der-empty-entry", "der-length-overflow", "der-deep-nesting", "der-huge-1mb",
	}
	// sameClientID are the rows that are about a name which devices share, or
	// about one that leaves no room to tell them apart.
	sameClientID = []string{"chain-root-only-with-root-key", "cn-duplicate-device", "cn-clientid-empty", "cn-only-spaces"}
)

func TestNames(t *testing.T) {
	b := cases.NewBench(shared(), "bench")
	if name := b.CommonName(strings.Repeat("é", 100) + ":"); len([]rune(name)) != 64 || strings.Contains(name, ":") {
		t.Errorf("common name %q", name)
	}
	if b.CommonName("a") == cases.NewBench(shared(), "other").CommonName("a") {
		t.Error("two benches, one common name")
	}
	der, err := b.Root().DER()
	other, otherErr := cases.NewBench(shared(), "other").Root().DER()
	if err != nil || otherErr != nil || !bytes.Equal(der, other) {
		t.Errorf("two benches, two standard roots (%v, %v)", err, otherErr)
	}
}

// TestFewAnchors wants that rows whose fault is not in an anchor need no upload
// of their own.
func TestFewAnchors(t *testing.T) {
	anchors := make(map[string]bool)
	for _, c := range cases.All() {
		if !c.Expectation.Refuse() || c.Tagged(cases.TagAnchorFault) || c.Tagged(cases.TagOwnAnchor) || tooLong(c) {
			continue
		}
		for _, a := range mustBuild(t, c, shared(), "bench").Anchors {
			anchors[a.Name] = true
		}
	}
	if len(anchors) > 12 {
		t.Errorf("%d anchors: %v", len(anchors), anchors)
	}
}
