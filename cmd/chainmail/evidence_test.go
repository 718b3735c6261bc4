package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/reports"
)

// failed runs conform against a platform and returns its report and its folder.
func failed(t *testing.T, platform ready, only string, more ...string) (reports.Report, string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "report")
	args := append([]string{"conform", "--target", platform.Target, "--only", only, "--out", out}, more...)
	output, _ := exec.CommandContext(t.Context(), "chainmail", args...).CombinedOutput() // what it came to stands in the report
	report, err := reports.Load(out)
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return report, out
}

// logins are the environment that gives curl the passwords of a platform's users.
func logins(t *testing.T, platform ready) []string {
	t.Helper()
	var env []string
	for variable, user := range map[string]string{"USER_T1_ADMIN": "t1/admin", "USER_T2_ADMIN": "t2/admin"} {
		password, err := os.ReadFile(filepath.Join(filepath.Dir(platform.Target), strings.ReplaceAll(user, "/", "-")+".password"))
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, variable+"="+user+":"+strings.TrimSpace(string(password)))
	}
	return env
}

// commands runs the command lines of an evidence folder.
func commands(t *testing.T, folder string, env []string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "sh", filepath.Join(folder, "commands.sh"))
	command.Env = append(os.Environ(), env...)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Errorf("commands.sh: %v", err)
	}
	return string(output)
}

// The command lines in the folder of a failed spec show with other programs what
// chainmail saw, against the platform that is still running, and leave nothing behind.
func TestEvidenceCommandsWork(t *testing.T) {
	need(t, "sh", "openssl", "mosquitto_pub", "curl")
	platform := serve(t, "--deviation", "accepts-expired")
	report, out := failed(t, platform, "chain/expired-leaf,chain/valid-direct,rest/upload-expired")
	if report.ExitCode != exitNotConformant {
		t.Fatalf("exit code %d, want %d", report.ExitCode, exitNotConformant)
	}
	for _, s := range report.Specs {
		if wanted := s.Verdict == reports.Fail || s.Verdict == reports.Warn; wanted != (len(s.Artifacts) == 1) {
			t.Errorf("%s: %s with the artifacts %q", s.ID, s.Verdict, s.Artifacts)
		}
		for _, a := range s.Artifacts {
			if a != "evidence/"+s.ID+"/" {
				t.Errorf("%s: artifact %s", s.ID, a)
			}
		}
	}
	said := commands(t, filepath.Join(out, "evidence/chain/expired-leaf@tls1.3"), logins(t, platform))
	for what, count := range map[string]int{
		" 20 02 00 00": 2, "received CONNACK (0)": 2, `"status":"ENABLED"`: 1, "== 1-control-before": 1, "== 2-case: chainmail saw CONNACK 0": 1,
	} {
		if got := strings.Count(said, what); got != count {
			t.Errorf("%q stands %d times in the output, want %d: %s", what, got, count, said)
		}
	}
	if said := commands(t, filepath.Join(out, "evidence/rest/upload-expired"), logins(t, platform)); !strings.Contains(said, "HTTP/1.1 201") && !strings.Contains(said, "HTTP/2 201") {
		t.Errorf("the upload is not answered as chainmail saw: %s", said)
	}
	holdsNoSecrets(t, filepath.Join(out, "evidence"), logins(t, platform))
	if anchors := trustAnchors(t, platform); anchors != 0 {
		t.Errorf("%d trust anchors left on the target", anchors)
	}
}

// holdsNoSecrets checks that keys are for the owner alone and passwords nowhere.
func holdsNoSecrets(t *testing.T, folder string, env []string) {
	t.Helper()
	keys := 0
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, login := range env {
			_, password, _ := strings.Cut(login, ":")
			if strings.Contains(string(data), password) {
				t.Errorf("%s holds a password", path)
			}
		}
		info, err := entry.Info()
		if strings.Contains(string(data), "PRIVATE KEY") {
			keys++
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has the mode %v", path, info.Mode())
			}
		}
		return err
	})
	if err != nil || keys == 0 {
		t.Errorf("%d keys, %v", keys, err)
	}
}

// What other programs cannot send is said to be so, and tokens are in no folder.
func TestEvidenceOfOtherKinds(t *testing.T) {
	platform := serve(t, "--deviation", "accepts-expired,accepts-forged-token")
	_, out := failed(t, platform, "chain/expired-leaf@tls1.2,token/token-altered")
	text, err := os.ReadFile(filepath.Join(out, "evidence/token/token-altered/commands.sh"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `--header "Authorization: Bearer $TOKEN"`) || regexp.MustCompile(`eyJ[A-Za-z0-9]`).Match(text) {
		t.Errorf("commands.sh: %s", text)
	}
	if out, code := exitCode(t, "replay", filepath.Join(out, "evidence/token/token-altered")); code != exitUsage {
		t.Errorf("exit code %d of a replay with requests, want %d: %s", code, exitUsage, out)
	}
}

// A run sets the evidence of the one before aside.
func TestEvidenceOfAnEarlierRun(t *testing.T) {
	platform := serve(t, "--deviation", "accepts-expired")
	_, out := failed(t, platform, "chain/expired-leaf@tls1.3")
	_, _ = exitCode(t, "conform", "--target", platform.Target, "--only", "chain/valid-direct", "--out", out)
	if _, err := os.Stat(filepath.Join(out, "evidence")); err == nil {
		t.Error("the evidence of another run stands beside the results")
	}
	if _, err := os.Stat(filepath.Join(out, "previous-evidence/chain/expired-leaf@tls1.3/commands.sh")); err != nil {
		t.Error(err)
	}
}

// A waiver that is no longer needed is shown with evidence too.
func TestEvidenceOfAnUnexpectedPass(t *testing.T) {
	file := filepath.Join(t.TempDir(), "waivers.yaml")
	write(t, file, []byte(strings.NewReplacer("TODAY", reports.Day(time.Now()), "LATER", reports.Day(time.Now().AddDate(0, 1, 0))).Replace(`apiVersion: chainmail/v1
kind: Waivers
waivers:
  - {specs: [chain/expired-leaf@tls1.3], expect: {verdict: fail}, reason: "a b", url: "https://example.com/1", owner: jo, added: TODAY, expires: LATER}
`)))
	report, _ := failed(t, serve(t), "chain/expired-leaf", "--waivers", file)
	for _, s := range report.Specs {
		if (s.Verdict == reports.UnexpectedPass) != (len(s.Artifacts) == 1) || (s.Verdict == reports.UnexpectedPass) != (s.ID == "chain/expired-leaf@tls1.3") {
			t.Errorf("%s: %s, artifacts %q", s.ID, s.Verdict, s.Artifacts)
		}
	}
}

// A failed case can be played again from its folder: against the platform that
// failed, and against one that was mended.
func TestReplay(t *testing.T) {
	wrong, mended := serve(t, "--deviation", "accepts-expired"), serve(t)
	_, out := failed(t, wrong, "chain/expired-leaf@tls1.3")
	folder := filepath.Join(out, "evidence/chain/expired-leaf@tls1.3")
	if out, code := exitCode(t, "replay", folder); code != exitNotConformant || !strings.Contains(out, "still does not do what is expected") {
		t.Errorf("exit code %d, want %d: %s", code, exitNotConformant, out)
	}
	said, code := exitCode(t, "replay", folder, "--target", mended.Target)
	if code != exitOK || !strings.Contains(said, "then    CONNACK 0") || !strings.Contains(said, "alert") {
		t.Errorf("exit code %d of the mended platform: %s", code, said)
	}
	for _, p := range []ready{wrong, mended} {
		if anchors := trustAnchors(t, p); anchors != 0 {
			t.Errorf("%d trust anchors left on the target, want none", anchors)
		}
	}
	if err := os.Remove(filepath.Join(folder, "anchors/1.pem")); err != nil {
		t.Fatal(err)
	}
	if _, code := exitCode(t, "replay", folder); code != exitIncomplete {
		t.Errorf("exit code %d without a trust anchor, want %d", code, exitIncomplete)
	}
	if _, code := exitCode(t, "replay", t.TempDir()); code != exitUsage {
		t.Errorf("exit code %d of another folder, want %d", code, exitUsage)
	}
}
