package main

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A subject is code to be mutated, and who is to notice.
type subject struct {
	name  string
	parts []part
	// silent are functions, and what calls call, whose doings nobody outside is meant
	// to see: logs, figures, the words of errors. One that ends in a dot is a prefix.
	silent []string
	// asks are how functions begin that ask for deviations: without any they find nothing.
	asks []string
	// build makes what the judges run; a mutant for which it fails is none.
	build []string
	// cover is build for a program that tells which statements it reached; nil where
	// there is no such program.
	cover []string
	// judges are asked in this order. One that fails has noticed the mutant.
	judges []judge
}

// A part is files on which the same judge is likely to decide.
type part struct {
	files []string // globs
	first string   // takes the place of {first} in commands
}

// A judge is a command. In its words {bin}, {overlay}, {out}, {keys} and {seed}
// stand for the program that was built, the overlay that makes the mutant, a
// folder for reports, one for what is the same for all mutants, and the seed.
type judge struct {
	name    string
	command []string
}

// conform is the command of the mutated program that judges the mutated platform
// inside of it. Everything that is not as it is without the mutant counts.
func conform(more ...string) []string {
	return append([]string{
		"{bin}", "conform", "--strict", "--fail-fast", "--skip", "web", "--seed", "{seed}", "--key-cache", "{keys}", "--out", "{out}",
	}, more...)
}

// platform is the reference platform as far as the specification speaks of it, and
// without its deviations. The specs that are likely to notice are asked first, over one TLS version.
func platform() subject {
	build := []string{"go", "build", "-buildvcs=false", "-ldflags=-w", "-overlay", "{overlay}", "-o", "{bin}", "./cmd/chainmail"}
	return subject{
		name: "platform",
		parts: []part{
			{
				[]string{"refimpl/trust/certificate.go", "refimpl/trust/identity.go", "refimpl/trust/link.go", "refimpl/trust/strict_der.go", "refimpl/trust/trust.go"},
				"chain,identity",
			},
			{[]string{"refimpl/token/token.go"}, "token"},
			{
				[]string{"refimpl/broker/admission.go", "refimpl/broker/connect.go", "refimpl/broker/tls.go"},
				"transport,trust,registration,identity",
			},
			{
				[]string{
					"refimpl/rest/anchor.go", "refimpl/rest/authentication.go", "refimpl/rest/bulk*.go",
					"refimpl/rest/certificate_value.go", "refimpl/rest/device_request.go", "refimpl/rest/rest.go",
				},
				"rest,registration,token,trust",
			},
		},
		silent: []string{
			"Log.", "log.", "observe", "Observe", "audit", "errors.New", "fmt.Errorf", "refuse", "notFound", "unprocessable",
			"Refusal.Error", "excerpt", "tell", "ticketKey", "adopt", "remember", "registerEarly", "supersede", "dawdle",
		},
		asks:  []string{"overlooks", "skipsSignature", "dislike", "whim", "quibble", "pemQuibble", "tolerates", "roleNotChecked", "tenantNotChecked", "replaceAnchor"},
		build: build,
		cover: slices.Concat(build[:2], []string{"-cover", "-coverpkg=./refimpl/...,./cmd/chainmail"}, build[2:]),
		judges: []judge{
			{"the likely specs", conform("--tls", "1.3", "--only", "{first}")},
			{"the other specs", conform("--tls", "1.3", "--skip", "{first}")},
			{"late refusals", conform("--config", "cmd/mutate/late.yaml", "--tls", "1.3", "--only", "transport,chain,identity")},
			{"TLS 1.2", conform("--tls", "1.2", "--only", "transport,trust,chain,identity,token")},
			{"the profile of 2024", conform("--profile", "device-certificates-2024", "--tls", "1.3", "--only", "chain,identity,rest")},
		},
	}
}

// test is the command that runs tests against the mutated code.
func test(words ...string) []string {
	return append([]string{"go", "test", "-overlay", "{overlay}", "-failfast", "-timeout", "10m"}, words...)
}

// tester is what decides on verdicts: the matchers, the engine, the outcome. Its tests
// are the judges, and the specs are tests too: what they say of the platform as it is,
// and of each wrong one, is to stay as it is.
func tester() subject {
	return subject{
		name: "tester",
		parts: []part{
			{[]string{"suites/expect/*.go"}, "./suites/expect"},
			{[]string{"suites/*.go"}, "./suites"},
			{[]string{"reports/outcome.go", "reports/verdict.go"}, "./reports"},
		},
		silent: []string{"errors.New", "fmt.Errorf", "labels", "Observe", "Remark"},
		build:  []string{"go", "build", "-buildvcs=false", "-ldflags=-w", "-overlay", "{overlay}", "-o", "{bin}", "./cmd/chainmail"},
		judges: []judge{
			{"its own tests", test("{first}")},
			{"the tests of suites and reports", test("./suites", "./suites/expect", "./suites/target", "./reports")},
			{"the platform as it is", conform()},
			{"the tests of the command", test("-run", "TestScripts/conform|TestSilent|TestPlatformThat|TestConformAgainst|TestTenantOption|TestDenied", "./cmd/chainmail")},
			{"the second platform", test("./suites/stock")},
			{"the kill matrix", []string{"{bin}", "selftest", "--others", "0", "--seed", "{seed}", "--out", "{out}"}},
		},
	}
}

// subjects returns what can be mutated.
func subjects() []subject { return []subject{platform(), tester()} }

// sources returns the files of a subject below the root of the module, each with
// the part that it belongs to.
func (s subject) sources(root string) (files []string, of map[string]part, err error) {
	of = make(map[string]part)
	for _, p := range s.parts {
		for _, glob := range p.files {
			matches, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(glob)))
			if err != nil {
				return nil, nil, err
			}
			for _, match := range matches {
				name := path.Join(path.Dir(glob), filepath.Base(match))
				if _, again := of[name]; !again && !strings.HasSuffix(name, "_test.go") {
					files, of[name] = append(files, name), p
				}
			}
		}
	}
	slices.Sort(files)
	return files, of, nil
}

// mutants returns every mutant of a subject.
func (s subject) mutants(root string) ([]mutant, map[string]part, error) {
	files, of, err := s.sources(root)
	if err != nil {
		return nil, nil, err
	}
	var all []mutant
	for _, file := range files {
		source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			return nil, nil, err
		}
		found, err := find(file, source, s)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, found...)
	}
	return all, of, nil
}
