package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/reports"
)

// What runs beside what changes no verdict: the same specs of one seed, one after
// the other and eight at a time, against a platform that breaks some of them.
func TestVerdictsDoNotDependOnJobs(t *testing.T) {
	verdicts := func(jobs string) map[string]reports.Verdict {
		report, _ := conform(t, append(sameKeys(), "--deviation", "ignores-pathlen", "--jobs", jobs,
			"--only", "transport,trust,chain/pathlen-*,chain/valid-*,chain/chain-*,registration/autoreg-*,token/token-form")...)
		got := make(map[string]reports.Verdict)
		for _, s := range report.Specs {
			got[s.ID] = s.Verdict
		}
		return got
	}
	alone, beside := verdicts("1"), verdicts("8")
	if diff := cmp.Diff(alone, beside); diff != "" {
		t.Errorf("verdicts (-jobs 1 +jobs 8):\n%s", diff)
	}
	seen := make(map[reports.Verdict]bool)
	for _, v := range alone {
		seen[v] = true
	}
	if !seen[reports.Pass] || !seen[reports.Fail] {
		t.Errorf("the verdicts are %v: passes and failures are needed to compare", alone)
	}
}
