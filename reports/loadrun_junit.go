package reports

import (
	"io"
	"strconv"
	"strings"
)

// LoadJUnit writes r as JUnit XML for a gate that reads nothing else: a testcase
// for each threshold, one for bad devices that were admitted where the plan has
// bad devices, and one for the run itself, which fails by whatever else makes the
// outcome what it is.
func LoadJUnit(w io.Writer, r LoadReport) error {
	doc := junitSuites{Name: oneLine(r.Tool.Name)}
	took := InMilliseconds(r.Finished.Sub(r.Started))
	s := r.junitSuite()
	for _, t := range r.Thresholds {
		c := junitCase{Class: "chainmail.load", Name: t.Text, Time: seconds(0)}
		if !t.Met {
			c.Failure = &junitProblem{Type: "threshold", Message: oneLine("observed " + t.Observed), Text: xmlText(t.Text + "\nobserved " + t.Observed)}
		}
		s.add(c, 0)
	}
	if r.Plan.Bad > 0 {
		c := junitCase{Class: "chainmail.load", Name: "bad devices are refused", Time: seconds(0)}
		if admitted := r.wronglyAdmitted(); len(admitted) > 0 {
			c.Failure = &junitProblem{Type: "admitted", Message: admitted[0], Text: admitted[0]}
		}
		s.add(c, 0)
	}
	c := junitCase{Class: "chainmail.load", Name: "the run is whole", Time: seconds(took)}
	told := r.Outcome == LoadMet || r.Outcome == LoadMissed || r.Outcome == LoadNotConformant
	if lacks := append(r.lacks(), r.Disturbed...); len(lacks) > 0 || !told {
		text := strings.Join(r.Reasons, "\n")
		c.Error = &junitProblem{Type: string(r.Outcome), Message: oneLine(strings.Join(r.Reasons, "; ")), Text: xmlText(text)}
	}
	s.add(c, took)
	doc.add(s)
	doc.Time = seconds(took)
	return doc.write(w)
}

func (r LoadReport) junitSuite() junitSuite {
	return junitSuite{
		Name: "load", Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{
			{"tool", strings.TrimSpace(r.Tool.Name + " " + r.Tool.Version)},
			{"plan", r.Plan.Name},
			{"devices", strconv.Itoa(r.Plan.Devices)},
			{"arrival", r.Plan.Arrival},
			{"seed", r.Seed},
			{"target", r.Target.String()},
			{"outcome", string(r.Outcome)},
		},
	}
}
