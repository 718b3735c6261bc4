package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/chainmail-iot/chainmail/certfactory/cases"
)

func mustRun(t *testing.T, dir string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "chainmail", args...)
	command.Dir = dir
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("chainmail %v: %v\n%s", args, err, output)
	}
	return string(output)
}

// The command lines of the README work as they stand: run one after the other, a
// good device is admitted, a bad one is not, and what was uploaded is taken away.
func TestForgedReadmeWorks(t *testing.T) {
	need(t, "sh", "openssl", "mosquitto_pub", "curl")
	platform := serve(t)
	host, port, _ := strings.Cut(platform.MQTT, ":")
	password, err := os.ReadFile(filepath.Join(filepath.Dir(platform.CA), "t1-admin.password"))
	if err != nil {
		t.Fatal(err)
	}
	for id, admitted := range map[string]bool{"valid-direct": true, "expired-leaf": false} {
		t.Run(id, func(t *testing.T) {
			dir := t.TempDir()
			mustRun(t, dir, "certs", "forge", id)
			readme, err := os.ReadFile(filepath.Join(dir, id, "README.txt"))
			if err != nil {
				t.Fatal(err)
			}
			var script strings.Builder
			for line := range strings.Lines(string(readme)) {
				if strings.HasPrefix(line, "  curl") || strings.HasPrefix(line, "  openssl") || strings.HasPrefix(line, "  mosquitto_pub") {
					script.WriteString(line)
				}
			}
			command := exec.CommandContext(t.Context(), "sh", "-c", script.String())
			command.Dir = filepath.Join(dir, id)
			command.Env = append(os.Environ(), "HOST="+host, "PORT="+port, "REST="+platform.REST, "CA="+platform.CA,
				"TENANT1=t1", "ADMIN1=t1/admin:"+strings.TrimSpace(string(password)))
			output, _ := command.CombinedOutput()
			got := string(output)
			if !strings.Contains(got, `"status":"ENABLED"`) {
				t.Errorf("the anchor was not uploaded: %s", got)
			}
			if strings.Contains(got, " 20 02 00 00") != admitted || strings.Contains(got, "received CONNACK (0)") != admitted {
				t.Errorf("admitted %t is not what openssl and mosquitto_pub say: %s", admitted, got)
			}
			if !admitted && !strings.Contains(got, "alert bad certificate") {
				t.Errorf("openssl shows no alert: %s", got)
			}
			left, err := foreign(t, "", "curl", "--silent", "--fail", "--cacert", platform.CA, "--user", "t1/admin:"+strings.TrimSpace(string(password)),
				platform.REST+"/tenant/tenants/t1/trusted-certificates")
			if err != nil || strings.Contains(left, "fingerprint") {
				t.Errorf("left behind (%v): %s", err, left)
			}
		})
	}
}

// The index holds every case that is not costly, follows the schema beside it, and
// names files that are there.
func TestForgedCatalogue(t *testing.T) {
	dir := t.TempDir()
	mustRun(t, dir, "certs", "forge", "--all", "vectors")
	dir = filepath.Join(dir, "vectors")
	index := mustReadJSON(t, filepath.Join(dir, "vectors.json"))
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile(filepath.Join(dir, "vectors.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(index); err != nil {
		t.Errorf("%#v", err)
	}
	var vectors cases.Vectors
	text, err := os.ReadFile(filepath.Join(dir, "vectors.json"))
	if err == nil {
		err = json.Unmarshal(text, &vectors)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(vectors.Cases)+len(vectors.Omitted), len(cases.All()); got != want || len(vectors.Uploads) != len(cases.AllUploads()) {
		t.Errorf("%d cases and %d uploads, want %d and %d", got, len(vectors.Uploads), want, len(cases.AllUploads()))
	}
	for _, v := range vectors.Cases {
		files := append(append([]string{}, v.Files.Chain...), v.Files.Anchors...)
		if v.Files.Key != "" {
			files = append(files, v.Files.Key)
		}
		for _, name := range files {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Errorf("%s: %v", v.ID, err)
			}
		}
	}
}

func mustReadJSON(t *testing.T, path string) any {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	v, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
