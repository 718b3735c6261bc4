package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// A tally counts mutants by fate.
type tally map[fate]int

func tallyOf(verdicts []verdict) tally {
	t := make(tally)
	for _, v := range verdicts {
		t[v.Fate]++
	}
	return t
}

// score is how many of the mutants that had to be noticed were, in percent.
func (t tally) score() float64 {
	noticed := t[killed] + t[timedOut]
	if noticed+t[survived] == 0 {
		return 0
	}
	return 100 * float64(noticed) / float64(noticed+t[survived])
}

// print shows who survived, and the numbers.
func (t tally) print(w io.Writer, verdicts []verdict) {
	for _, v := range verdicts {
		if v.Fate == survived {
			fmt.Fprintf(w, "survived  %s:%d: %s: %s\n%s\n", v.File, v.Line, v.Function, v.Mutation, v.Diff)
		}
	}
	fmt.Fprintf(w, "%d killed, %d timed out, %d survived (%.1f %% noticed), %d argued, %d did not build\n",
		t[killed], t[timedOut], t[survived], t.score(), t[argued], t[unbuilt])
}

// results is the form of results.json.
type results struct {
	Subject  string    `json:"subject"`
	Seed     uint64    `json:"seed"`
	Verdicts []verdict `json:"verdicts"`
}

// keep writes results.json.
func keep(o options, verdicts []verdict) error {
	data, err := json.MarshalIndent(results{Subject: o.subject, Seed: o.seed, Verdicts: verdicts}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode results: %w", err)
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	if err := os.WriteFile(filepath.Join(o.out, "results.json"), append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}
