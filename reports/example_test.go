package reports_test

import (
	"fmt"
	"log"
	"os"
	"time"

	"github.com/chainmail-iot/chainmail/reports"
)

// A run owes a result for every id that was selected. One that is lost on the
// way makes it incomplete, however well the others went.
func ExampleJudge() {
	selected := []string{"chain/valid-direct", "chain/expired-leaf@tls1.2", "chain/expired-leaf@tls1.3"}
	results := []reports.Result{
		{ID: "chain/valid-direct", Verdict: reports.Pass},
		{ID: "chain/expired-leaf@tls1.2", Verdict: reports.Pass},
	}
	outcome, reasons := reports.Judge(selected, results, false, false)
	fmt.Println(outcome, outcome.ExitCode(), reasons)
	// Output: incomplete 3 [1 spec selected, without a result]
}

// The path of a run: a stream while it lasts, then results.json, from which
// everything else is rendered.
func Example() {
	dir, err := os.MkdirTemp("", "reports")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	started := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	header := reports.Header{
		Tool:     reports.Tool{Name: "chainmail", Version: "0.1.0"},
		Target:   reports.Target{Name: "staging", MQTTAddress: "mqtt.example.com:8883"},
		Profile:  "device-certificates",
		Seed:     "quiet-otter-41",
		Started:  started,
		Selected: []string{"chain/valid-direct"},
		Clauses:  []reports.Clause{{ID: "DC-CHAIN-02", Level: reports.LevelMust, Text: "A device signed by the anchor is admitted"}},
	}
	w, err := reports.Create(dir, header)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()

	result := reports.Result{
		ID: "chain/valid-direct", Spec: "chain/valid-direct", Family: "chain", Title: "a good device is admitted",
		Clauses: []string{"DC-CHAIN-02"}, Level: reports.LevelMust, Verdict: reports.Pass,
		Started: started, Duration: reports.InMilliseconds(31 * time.Millisecond),
	}
	if err := w.Add(result); err != nil {
		log.Fatal(err)
	}
	report := reports.Assemble(header, []reports.Result{result}, reports.End{Finished: started.Add(2 * time.Second)})
	if err := w.Finish(report); err != nil {
		log.Fatal(err)
	}

	loaded, err := reports.Load(dir)
	if err != nil {
		log.Fatal(err)
	}
	if err := reports.Terminal(os.Stdout, loaded, reports.TerminalOptions{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// tool     chainmail 0.1.0
	// tester   what it finds was not measured ("chainmail selftest" does)
	// target   staging at mqtt.example.com:8883
	// profile  device-certificates
	// seed     quiet-otter-41
	// time     2s
	//
	// family  specs  pass  fail
	// chain       1     1     -
	//
	// CLAUSES  1 pass
	//
	// CONFORMANT  exit code 0
}
