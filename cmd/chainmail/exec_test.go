package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/reports"
)

// example copies a file of the examples of the driver exec.
func example(t *testing.T, name, dir string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../suites/target/testdata/exec", name))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(data), "\n"); lines > 40 {
		t.Errorf("the example %s has %d lines, want 40 at most", name, lines)
	}
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o700); err != nil {
		t.Fatal(err)
	}
}

// pythonTarget writes a target file for a platform whose driver is the example in
// Python, with more lines if any. The driver finds the REST interface by itself.
func pythonTarget(t *testing.T, platform ready, more ...string) string {
	t.Helper()
	need(t, "python3")
	dir := filepath.Dir(platform.Target)
	example(t, "driver.py", dir)
	file := filepath.Join(dir, "exec.yaml")
	write(t, file, fmt.Appendf(nil, `apiVersion: chainmail/v1
kind: Target
mqtt: {address: %q, serverName: localhost, caFile: ca.pem}
driver: exec
exec: {command: [env, REST=%s, python3, driver.py]}
%s`, platform.MQTT, platform.REST, strings.Join(more, "\n")))
	return file
}

// wantVerdicts compares some verdicts of a report.
func wantVerdicts(t *testing.T, report reports.Report, want map[string]reports.Verdict) {
	t.Helper()
	for _, s := range report.Specs {
		if v, ok := want[s.ID]; ok && s.Verdict != v {
			t.Errorf("%s: %s (%s), want %s", s.ID, s.Verdict, s.Reason, v)
		}
		delete(want, s.ID)
	}
	if len(want) > 0 {
		t.Errorf("not run: %v", want)
	}
}

// The example in Python puts trust anchors onto a real platform, finds and
// deletes device users, and leaves nothing behind.
func TestExecExampleInPython(t *testing.T) {
	t.Parallel()
	platform := serve(t)
	file := pythonTarget(t, platform, "capabilities: [mqttTokens]")
	report, code := conform(t, "--target", file, "--only", "chain/valid-direct,chain/expired-leaf,trust,registration,token/token-form,rest/pem-crlf")
	if code != exitOK {
		t.Errorf("exit code %d: %v", code, report.Reasons)
	}
	if report.Target.Driver != "exec" || len(report.Notes) > 0 {
		t.Errorf("driver %q, notes %q", report.Target.Driver, report.Notes)
	}
	wantVerdicts(t, report, map[string]reports.Verdict{
		"chain/valid-direct@tls1.3":              reports.Pass,
		"chain/expired-leaf@tls1.2":              reports.Pass,
		"trust/anchor-deleted@tls1.3":            reports.Pass,
		"trust/anchor-disabled@tls1.3":           reports.NotApplicable, // the program offers no changeAnchor
		"registration/autoreg-on-new-device":     reports.Pass,
		"registration/refused-no-side-effect":    reports.Pass,
		"registration/no-user-no-communication":  reports.NotApplicable,
		"token/token-form@tls1.3":                reports.Pass,
		"rest/pem-crlf":                          reports.NotApplicable,
		"trust/anchor-deleted-reuploaded@tls1.2": reports.Pass,
		"registration/possession-no-side-effect": reports.Pass,
		"registration/autoreg-off-new-device":    reports.Pass,
	})
	if anchors := trustAnchors(t, platform); anchors != 0 {
		t.Errorf("%d trust anchors left on the target, want none", anchors)
	}
}

// The example in shell does the same for a broker whose trust anchors are files.
func TestExecExampleInShell(t *testing.T) {
	t.Parallel()
	need(t, "sh", "mosquitto")
	file := mosquittoTarget(t)
	dir := filepath.Dir(file)
	example(t, "mosquitto.sh", dir)
	for name, change := range map[string]*strings.Replacer{
		"target.yaml":    strings.NewReplacer("driver: static\nstatic:\n  bundle: anchors.pem\n  reload: [./restart.sh]\n", "driver: exec\nexec: {command: [./mosquitto.sh]}\n"),
		"mosquitto.conf": strings.NewReplacer("cafile anchors.pem", "cafile all.pem"),
	} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), []byte(change.Replace(string(data))))
	}
	report, _ := conform(t, "--target", file, "--profile", "broker", "--only", "chain/valid-direct,chain/expired-leaf,trust/anchor-deleted")
	wantVerdicts(t, report, map[string]reports.Verdict{
		"chain/valid-direct@tls1.3":   reports.Pass,
		"chain/expired-leaf@tls1.3":   reports.Pass,
		"trust/anchor-deleted@tls1.2": reports.Pass,
	})
	if left, err := filepath.Glob(filepath.Join(dir, "trusted", "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A driver that cannot even say hello is a matter of configuration; one that breaks
// later leaves everything inconclusive and nothing failed.
func TestExecThatBreaks(t *testing.T) {
	t.Parallel()
	need(t, "sh")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	dir := t.TempDir()
	file := filepath.Join(dir, "target.yaml")
	write(t, file, fmt.Appendf(nil, `apiVersion: chainmail/v1
kind: Target
mqtt: {address: %q}
driver: exec
exec: {command: [sh, driver.sh]}
timing: {connect: 2s, response: 100ms, convergence: 100ms}
`, l.Addr()))
	write(t, filepath.Join(dir, "driver.sh"), []byte("echo no such host >&2; exit 3\n"))
	said, err := foreign(t, "", "chainmail", "conform", "--target", file, "--out", filepath.Join(dir, "report"))
	if err == nil || !strings.Contains(said, `hello: the program ended: exit status 3; it said "no such host"`) || !strings.Contains(said, "hint: nothing was sent") {
		t.Errorf("%v: %s", err, said)
	}
	write(t, filepath.Join(dir, "driver.sh"), []byte(`read -r line; echo '{"id":1,"ok":true,"operations":["addAnchors","removeAnchors"]}'; read -r line; exit 4`))
	report, code := conform(t, "--target", file, "--only", "chain/valid-direct,chain/expired-leaf")
	if code != exitIncomplete || report.Counts.Inconclusive == 0 || report.Counts.Pass+report.Counts.Fail+report.Counts.Error > 0 {
		t.Errorf("exit code %d, counts %+v, want nothing judged", code, report.Counts)
	}
	if len(report.Notes) == 0 || !strings.Contains(fmt.Sprint(report.Specs), "exit status 4") {
		t.Errorf("notes %q, reason %q", report.Notes, report.Specs[0].Reason)
	}
}

// Ctrl-C goes to every process of the terminal's group. The driver must not end of
// it before it has taken away what it put up.
func TestInterruptLeavesTheDriverAtWork(t *testing.T) {
	t.Parallel()
	platform := serve(t)
	command := exec.Command("chainmail", append([]string{
		"conform", "--target", pythonTarget(t, platform), "--profile", "broker", "--out", filepath.Join(t.TempDir(), "report"),
	}, sameKeys()...)...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as a shell starts it
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(bound, func() { _ = command.Process.Kill() })
	defer late.Stop()
	var said strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "50 of ") {
			if trustAnchors(t, platform) == 0 {
				t.Error("no trust anchors are on the target while specs run")
			}
			_ = syscall.Kill(-command.Process.Pid, syscall.SIGINT)
		}
	}
	_ = command.Wait() // its exit code is looked at
	if code := command.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d: %s", code, exitInterrupted, said.String())
	}
	if anchors := trustAnchors(t, platform); anchors != 0 {
		t.Errorf("%d trust anchors left on the target, want none", anchors)
	}
}
