package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/chainmail-iot/chainmail/"

// arrows says which packages of ours a package may import. A package that is not
// here may import none; what begins with a name and a slash is covered by it
// unless it has a line of its own. Tests may cross.
var arrows = map[string][]string{
	"cmd":                 {"certfactory", "loadgen", "refimpl", "reports", "suites"},
	"certfactory":         {},
	"certfactory/cases":   {"certfactory"},
	"certfactory/store":   {"certfactory"},
	"certfactory/cadir":   {"certfactory"},
	"certfactory/inspect": {"certfactory"},
	"loadgen/device":      {},
	"loadgen/store":       {},
	"loadgen":             {"certfactory", "loadgen/pacer", "loadgen/threshold", "suites/strictyaml"},
	"loadgen/fleet":       {"certfactory", "loadgen"},
	"loadgen/machine":     {"loadgen/measure"},
	"loadgen/shard":       {"loadgen"},
	"loadgen/coordinator": {"loadgen"},
	"loadgen/peers":       {"certfactory", "loadgen"},
	"loadgen/pacer":       {},
	"loadgen/measure":     {"loadgen/device"},
	"loadgen/threshold":   {"loadgen/measure", "loadgen/pacer"},
	"loadgen/metrics":     {"loadgen/measure"},
	"loadgen/result":      {"loadgen/measure", "loadgen/store", "loadgen/threshold", "reports"},
	"refimpl":             {"refimpl"},
	"refimpl/registry":    {},
	"refimpl/deviation":   {},
	"reports":             {},
	"suites":              {"certfactory", "loadgen/device", "reports", "suites/clause", "suites/expect", "suites/target"},
	"suites/claim":        {},
	"suites/clause":       {},
	"suites/strictyaml":   {},
	"suites/probe":        {"certfactory", "loadgen/device", "suites/target"},
	"suites/target":       {"certfactory", "suites/strictyaml"},
	"suites/expect":       {"loadgen/device", "suites/target"},
	"suites/capability":   {"suites"},
	"suites/chain":        {"certfactory", "reports", "suites"},
	"suites/client":       {"certfactory", "reports", "suites"},
	"suites/identity":     {"certfactory", "loadgen/device", "reports", "suites"},
	"suites/registration": {"certfactory", "reports", "suites"},
	"suites/rest":         {"certfactory", "reports", "suites"},
	"suites/session":      {"certfactory", "loadgen/device", "reports", "suites"},
	"suites/token":        {"certfactory", "loadgen/device", "reports", "suites"},
	"suites/transport":    {"certfactory", "reports", "suites"},
	"suites/trust":        {"certfactory", "reports", "suites"},
	"suites/web":          {"certfactory", "reports", "suites"},
}

// foreignArrows says where libraries may be used that stand for an idea: Ginkgo
// drives specs in suites alone, Gomega judges there alone, and tester and
// reference share no MQTT codec; a browser is driven for the web page alone.
var foreignArrows = map[string][]string{
	"github.com/onsi/ginkgo/v2":           {"suites"},
	"github.com/onsi/gomega":              {"suites", "suites/expect", "suites/capability", "suites/chain", "suites/client", "suites/identity", "suites/registration", "suites/rest", "suites/session", "suites/token", "suites/transport", "suites/trust", "suites/web"},
	"github.com/eclipse/paho.mqtt.golang": {"loadgen/device", "loadgen/peers", "suites/client", "suites/registration", "suites/transport"},
	"github.com/chromedp/chromedp":        {"suites/web"},
	"github.com/chromedp/cdproto":         {"suites/web"},
	"github.com/mochi-mqtt/server/v2":     {"refimpl/broker"},
	"github.com/golang-jwt/jwt/v5":        {"refimpl/token"},
	"go.etcd.io/bbolt":                    {"refimpl/disk"},
}

type listed struct {
	ImportPath   string
	Imports      []string
	XTestImports []string
}

// independent names the tests that may not cross: they hold a second platform
// that is to agree with the reference platform of its own accord.
const independent = "suites/stock"

func TestImports(t *testing.T) {
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if name == independent && slices.ContainsFunc(p.XTestImports, func(path string) bool { return covers([]string{"refimpl"}, strings.TrimPrefix(path, module)) }) {
			t.Errorf("the tests of %s import the reference platform", name)
		}
		for _, path := range p.Imports {
			if imported, ours := strings.CutPrefix(path, module); ours {
				if !covers(allowed(name), imported) {
					t.Errorf("%s imports %s: no arrow leads there", name, imported)
				}
				continue
			}
			for library, users := range foreignArrows {
				if (path == library || strings.HasPrefix(path, library+"/")) && !slices.Contains(users, name) {
					t.Errorf("%s imports %s, which only %v may", name, path, users)
				}
			}
		}
	}
}

// A map that allows what is not there, or names what does not exist, has rotted.
func TestImportMapNamesWhatExists(t *testing.T) {
	var names []string
	for _, p := range listPackages(t) {
		names = append(names, strings.TrimPrefix(p.ImportPath, module))
	}
	for name, targets := range arrows {
		for _, n := range append([]string{name}, targets...) {
			if !slices.ContainsFunc(names, func(p string) bool { return p == n || strings.HasPrefix(p, n+"/") }) {
				t.Errorf("the map names %s, which is no package", n)
			}
		}
	}
}

func listPackages(t *testing.T) []listed {
	t.Helper()
	command := exec.Command("go", "list", "-json=ImportPath,Imports,XTestImports", "./...")
	command.Dir = "../.."
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listed
	decoder := json.NewDecoder(strings.NewReader(string(output)))
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// allowed finds the line of a package, or of the nearest one above it.
func allowed(name string) []string {
	for {
		if targets, ok := arrows[name]; ok {
			return targets
		}
		i := strings.LastIndex(name, "/")
		if i < 0 {
			return nil
		}
		name = name[:i]
	}
}

// covers reports whether a target, or one above it, is allowed.
func covers(targets []string, imported string) bool {
	return slices.ContainsFunc(targets, func(t string) bool {
		return t == imported || strings.HasPrefix(imported, t+"/")
	})
}
