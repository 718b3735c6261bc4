package main

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/strictyaml"
	"github.com/chainmail-iot/chainmail/suites/target"
)

func TestReport(t *testing.T) {
	tests := []struct {
		name     string
		err      error
		wantCode int
		wantText string
	}{
		{"nothing", nil, exitOK, ""},
		{"decided and said", &exit{code: exitNotConformant}, exitNotConformant, ""},
		{"usage", usage("do that", "flag %s is wrong", "--x"), exitUsage, "chainmail: error: flag --x is wrong\nchainmail: hint: do that\n"},
		{
			"problems of a file",
			strictyaml.Problems{{File: "f", Line: 3, Text: "wrong", Hint: "mend it"}, {File: "f", Text: "empty"}},
			exitUsage,
			"chainmail: error: f:3: wrong\nchainmail: hint: mend it\nchainmail: error: f: empty\n",
		},
		{
			"unreachable", fmt.Errorf("run: %w", &target.UnreachableError{Address: "a:1", Err: errors.New("refused")}), exitUnreachable,
			"chainmail: error: run: reach a:1: refused\nchainmail: hint: is the platform running, and is its address in the target file right?\n",
		},
		{
			"nothing selected", fmt.Errorf("%w: none", suites.ErrNothingSelected), exitIncomplete,
			"chainmail: error: nothing selected: none\nchainmail: hint: \"chainmail list specs\" shows what can be selected\n",
		},
		{
			"our own fault", errors.New("disk full"), exitFault,
			"chainmail: error: disk full\nchainmail: hint: this is a fault of chainmail and says nothing about the platform\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stderr bytes.Buffer
			if got := report(&stderr, tt.err); got != tt.wantCode {
				t.Errorf("exit code %d, want %d", got, tt.wantCode)
			}
			if got := stderr.String(); got != tt.wantText {
				t.Errorf("said %q, want %q", got, tt.wantText)
			}
		})
	}
}
