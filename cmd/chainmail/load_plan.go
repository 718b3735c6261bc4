package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v4"

	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/reports"
)

// planFlags are the plan, and the flags that win over it.
type planFlags struct {
	name       string
	thresholds []string
}

// planFlag is a flag that sets a key of the plan.
type planFlag struct {
	name, key, usage string
	kind             string // of its value, as help shows it
}

// isText reports whether the value is a string in the plan, whatever it looks like.
func (p planFlag) isText() bool { return p.kind != "number" && p.kind != "bool" }

// A planValue is the value of such a flag as it was typed: that it is right is for the
// plan to say, in the words that it has for its file.
type planValue struct{ text, kind string }

func (v *planValue) String() string { return v.text }
func (v *planValue) Type() string   { return v.kind }

func (v *planValue) Set(text string) error {
	v.text = text
	return nil
}

// planFlagList has the keys that are changed most; a plan file has all of them.
func planFlagList() []planFlag {
	return []planFlag{
		{"devices", "devices", "how many devices, each with its own certificate", "number"},
		{"key", "key", "their kind of key: p256, ed25519 or rsa2048", "word"},
		{"chain-length", "chainLength", "certificates that each presents, device and trust anchor included: 2 to 10", "number"},
		{"registration", "registration", "how device users come to be: auto or bulk", "word"},
		{"rate", "arrival.rate", "arrivals, as 200/s or 12000/min", "N/s"},
		{"poisson", "arrival.poisson", "arrivals that know nothing of each other", "bool"},
		{"duration", "duration", "how long the run lasts; 0s: until every device is done", "time"},
		{"hold", "journey.hold", "how long each device stays connected: end, or a duration", "time"},
		{"think", "journey.think", "pause of a device before each step", "time"},
		{"token", "journey.token", "each device asks for a token", "bool"},
		{"http", "journey.http.requests", "HTTP requests of each device with its token", "number"},
		{"renewal", "journey.renewal", "tokens are renewed after half of their life", "bool"},
		{"publish-every", "journey.publish.every", "time between two messages of a device; 0s: none", "time"},
		{"payload", "journey.publish.payload", "bytes of a message", "number"},
		{"qos", "journey.publish.qos", "quality of service of a message: 0, 1 or 2", "number"},
		{"bad-share", "mix.share", "share of the devices, 0 to 1, whose chains must be refused", "number"},
		{"keep-alive", "keepAlive", "Keep Alive of a device; 0s: none", "time"},
		{"reconnect", "reconnect.policy", "what a device does that is thrown out: none, fixed or exponential", "word"},
		{"tls-min", "tls.min", `lowest TLS version: "1.2" or "1.3"`, "version"},
		{"tls-max", "tls.max", `highest TLS version: "1.2" or "1.3"`, "version"},
		{"resumption", "tls.resumption", "devices that come again resume their TLS session", "bool"},
		{"open", "limits.open", "devices that may be here at once; more are dropped. 0: no limit", "number"},
		{"lag", "limits.lag", "how late 99 of 100 arrivals may start before the run is disturbed", "time"},
		{"interval", "interval", "how often what was measured is written down", "time"},
	}
}

func (f *planFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.name, "plan", loadgen.Names()[0], `plan: a name of "chainmail list plans", or a file`)
	flags.StringArrayVar(&f.thresholds, "threshold", nil, "limit to be kept besides those of the plan, as 'token.p99 < 500ms'; may be repeated")
	for _, p := range planFlagList() {
		flag := flags.VarPF(&planValue{kind: p.kind}, p.name, "", "plan: "+p.usage)
		if p.kind == "bool" {
			flag.NoOptDefVal = "true"
			flag.Usage += ", or not: --" + p.name + "=false"
		}
	}
}

// read returns the plan in effect.
func (f *planFlags) read(flags *pflag.FlagSet) (loadgen.Plan, error) {
	name := "plan " + f.name
	data, ok := loadgen.ReadyMade(f.name)
	if !ok {
		var err error
		name = f.name
		if data, err = os.ReadFile(f.name); err != nil {
			return loadgen.Plan{}, f.noPlan(err)
		}
	}
	return loadgen.Read(name, data, f.overrides(flags)...)
}

// noPlan tells a name that is misspelt from a file that is not there.
func (f *planFlags) noPlan(err error) error {
	hint := `"chainmail list plans" shows those that come along`
	if failure, ok := err.(*fs.PathError); ok && !strings.ContainsAny(f.name, "./") {
		return usage(hint, "--plan %s: neither a plan that comes along nor a file: %v", f.name, failure.Err)
	}
	return usage(hint, "--plan: %v", err)
}

func (f *planFlags) overrides(flags *pflag.FlagSet) []loadgen.Override {
	var all []loadgen.Override
	for _, p := range planFlagList() {
		flag := flags.Lookup(p.name)
		if !flag.Changed {
			continue
		}
		value := flag.Value.String()
		if p.isText() {
			value = strconv.Quote(value)
		}
		all = append(all, loadgen.Override{Flag: "--" + p.name, Key: p.key, Value: value})
	}
	for _, text := range f.thresholds {
		all = append(all, loadgen.Override{Flag: "--threshold", Key: "thresholds", Value: text})
	}
	return all
}

func printPlan(w io.Writer, plan loadgen.Plan) error {
	data, err := plan.Encode()
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// settings lists every value of a plan under its key, with dots between levels.
func settings(plan loadgen.Plan) ([]reports.LoadSetting, error) {
	data, err := plan.Encode()
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Load(data, &document); err != nil {
		return nil, fmt.Errorf("read own plan: %w", err)
	}
	var all []reports.LoadSetting
	flatten(document.Content[0], "", &all)
	return all[2:], nil // without apiVersion and kind
}

func flatten(node *yaml.Node, key string, into *[]reports.LoadSetting) {
	if node.Kind != yaml.MappingNode {
		*into = append(*into, reports.LoadSetting{Name: key, Value: inline(node)})
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		below := node.Content[i].Value
		if key != "" {
			below = key + "." + below
		}
		flatten(node.Content[i+1], below, into)
	}
}

// inline writes a scalar or a list of such in one line.
func inline(node *yaml.Node) string {
	if node.Kind == yaml.ScalarNode {
		return node.Value
	}
	var words []string
	for _, child := range node.Content {
		if child.Kind == yaml.MappingNode {
			var pairs []string
			for i := 0; i+1 < len(child.Content); i += 2 {
				pairs = append(pairs, child.Content[i].Value+": "+child.Content[i+1].Value)
			}
			words = append(words, "{"+strings.Join(pairs, ", ")+"}")
			continue
		}
		words = append(words, inline(child))
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// listPlans reads the plans that come along.
func listPlans() ([][]string, any) {
	type row struct {
		Name    string `json:"name"`
		Devices int    `json:"devices"`
		About   string `json:"about"`
	}
	var rows [][]string
	var values []row
	for _, name := range loadgen.Names() {
		data, _ := loadgen.ReadyMade(name)
		plan, err := loadgen.Read(name, data)
		if err != nil { // a test sees to it that there is none such
			continue
		}
		rows = append(rows, []string{plan.Name, strconv.Itoa(plan.Devices), plan.About})
		values = append(values, row{plan.Name, plan.Devices, plan.About})
	}
	return rows, values
}
