package cases_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func mustVectors(t testing.TB) cases.Vectors {
	t.Helper()
	v := cases.Vectors{
		Schema: cases.VectorSchemaName, Seed: shared().Seed().String(), Moment: shared().Now(), Oracles: cases.Oracles(),
	}
	for _, c := range cases.All() {
		if tooLong(c) {
			v.Omitted = append(v.Omitted, c.ID)
			continue
		}
		vector, err := cases.NewVector(c, cases.NewBench(shared(), "bench"))
		if err != nil {
			t.Fatal(err)
		}
		v.Cases = append(v.Cases, vector)
	}
	for _, c := range cases.AllUploads() {
		vector, err := cases.NewUploadVector(c, cases.NewBench(shared(), "bench"))
		if err != nil {
			t.Fatal(err)
		}
		v.Uploads = append(v.Uploads, vector)
	}
	return v
}

func mustSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(cases.VectorSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("vectors.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestVectorsFollowTheirSchema(t *testing.T) {
	schema := mustSchema(t)
	text, err := json.Marshal(mustVectors(t))
	if err != nil {
		t.Fatal(err)
	}
	valid := func(text []byte) error {
		t.Helper()
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(doc)
	}
	if err := valid(text); err != nil {
		t.Errorf("vectors: %#v", err)
	}
	for old, changed := range map[string]string{
		`"schema":"chainmail/vectors/v1"`: `"schema":"chainmail/vectors/v2"`,
		`"expectation":"refuse"`:          `"expectation":"reject"`,
		`"maxLength":2`:                   `"maxLength":1`,
		`"control":"valid-direct",`:       ``,
		`"statuses":`:                     `"status":`,
	} {
		if broken := strings.Replace(string(text), old, changed, 1); broken == string(text) || valid([]byte(broken)) == nil {
			t.Errorf("with %s in place of %s the schema finds nothing wrong", changed, old)
		}
	}
}

// TestVectorsSayWhatIsBuilt reads vectors back from JSON and compares them with
// what the rows build.
func TestVectorsSayWhatIsBuilt(t *testing.T) {
	text, err := json.Marshal(mustVectors(t))
	if err != nil {
		t.Fatal(err)
	}
	var read cases.Vectors
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	for _, v := range read.Cases {
		c, _ := cases.ByID(v.ID)
		p := mustBuild(t, c, shared(), "bench")
		if !cmp.Equal(v.Chain, p.Chain) || v.ClientID != p.ClientID || len(v.Anchors) != len(p.Anchors) {
			t.Errorf("%s: chain, client id or anchors differ", v.ID)
			continue
		}
		for i, a := range p.Anchors {
			if got := certfactory.Anchor(v.Anchors[i]); !cmp.Equal(got, a) {
				t.Errorf("%s: anchor %d differs", v.ID, i)
			}
		}
	}
}

// keyless are the rows whose handshake no private key signs, or one that lacks the
// numbers of a PKCS #8.
var keyless = map[string]bool{
	"key-signature-garbage": true, "key-signature-zero": true, "leaf-rsa-e1": true, "leaf-rsa-n-even": true, "leaf-rsa-e-huge": true,
}

// TestVectorsHaveKeys has OpenSSL read the key of every row that has one.
func TestVectorsHaveKeys(t *testing.T) {
	openssl, _ := needOpenSSL(t)
	var odd []cases.Vector
	for _, v := range mustVectors(t).Cases {
		if (v.Key == nil) != keyless[v.ID] {
			t.Errorf("%s: key of %d bytes", v.ID, len(v.Key))
		}
		if v.Group == "keys" && v.Key != nil {
			odd = append(odd, v)
		}
	}
	for _, v := range odd {
		t.Run(v.ID, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), openssl, "pkey", "-inform", "DER", "-noout", "-check")
			cmd.Stdin = bytes.NewReader(v.Key)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("openssl pkey: %v\n%s", err, out)
			}
		})
	}
}

func ExampleNewVector() {
	c, _ := cases.ByID("anchor-not-in-chain")
	v, err := cases.NewVector(c, cases.NewBench(shared(), "example"))
	fmt.Println(len(v.Chain), len(v.Anchors), v.Expectation, err)
	// Output: 1 1 refuse <nil>
}
