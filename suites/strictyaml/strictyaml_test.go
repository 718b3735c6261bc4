package strictyaml_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/suites/strictyaml"
)

type document struct {
	Name string        `yaml:"name"`
	Wait time.Duration `yaml:"wait"`
	List []int         `yaml:"list"`
}

func TestReadFindsEveryProblem(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"unknown key and wrong types", "name: [1]\nwait: soon\nnaem: x\n", "f.yaml:1: a list cannot stand here: want text\nf.yaml:2: \"soon\" cannot stand here: want a duration with its unit, such as \"5s\"\nf.yaml:3: unknown key \"naem\""},
		{"twice", "name: a\nname: b\n", `f.yaml:2: mapping key "name" already defined at line 1`},
		{"list", "list: 3\n", `f.yaml:1: "3" cannot stand here: want a list`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var d document
			_, err := strictyaml.Read("f.yaml", []byte(tt.text), &d)
			var problems strictyaml.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("error %v, want Problems", err)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What is noted later has the line of the key that it is about, as far as the file
// has it, and comes in the order of the file.
func TestWrongFindsTheLine(t *testing.T) {
	var d document
	source, err := strictyaml.Read("f.yaml", []byte("name: a\nlist:\n  - 1\n  - 2\n"), &d)
	if err != nil {
		t.Fatal(err)
	}
	if err := source.Err(); err != nil {
		t.Errorf("error %v before anything was noted", err)
	}
	source.Wrong("", "second of the list", "list", 1)
	source.Wrong("", "beyond the list", "list", 7)
	source.Wrong("mend it", "the name", "name", "deeper")
	source.Wrong("", "of the whole", "nowhere")
	want := "f.yaml: of the whole\nf.yaml:1: the name\nf.yaml:2: beyond the list\nf.yaml:4: second of the list"
	if diff := cmp.Diff(want, source.Err().Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
