package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// hostile is a target whose every port is treated by handle, with short bounds.
func hostile(t *testing.T, handle func(net.Conn)) *target.Target {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			go handle(conn)
		}
	}()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "password"), []byte("secret"))
	file := filepath.Join(dir, "target.yaml")
	write(t, file, fmt.Appendf(nil, `apiVersion: chainmail/v1
kind: Target
mqtt: {address: %[1]q}
rest:
  baseURL: https://%[1]s
  tenants:
    - {id: t1, users: [{user: admin, password: "file:password", roles: [ROLE_TENANT_ADMIN]}, {user: viewer, password: "file:password"}]}
    - {id: t2, users: [{user: admin, password: "file:password", roles: [ROLE_TENANT_ADMIN]}]}
management: {baseURL: "http://%[1]s"}
page: {url: "https://%[1]s"}
capabilities: [%[2]s trustedCertificates, mqttTokens, deviceUsers, tenantOptions, bulkRegistration, singleRegistration, maxChainLengthSetting, clock]
timing: {connect: 1s, response: 150ms, convergence: 150ms}
`, l.Addr().String(), map[bool]string{true: "webPage,"}[browser()]))
	system, err := target.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(system.REST.Close)
	return system
}

// runSpecs runs specs against a target: those that globs select, or all.
func runSpecs(t *testing.T, system *target.Target, only ...string) suites.Run {
	t.Helper()
	seed, err := certfactory.ParseSeed(sameSeed)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := suites.NewPlan(suites.Config{
		Target: system, Profile: suites.Profiles()[0], Specs: specs(), Only: only, Seed: seed, KeyCache: os.Getenv(keysVariable),
	})
	if err != nil {
		t.Fatal(err)
	}
	run, err := plan.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// A platform that says nothing passes nothing and fails nothing, and it does not
// take hours to find out.
func TestSilentPlatformIsInconclusive(t *testing.T) {
	t.Parallel()
	run := runSpecs(t, hostile(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }))
	for _, r := range run.Results {
		if r.Verdict != reports.Inconclusive {
			t.Errorf("%s: %s (%s), want inconclusive", r.ID, r.Verdict, r.Reason)
		}
	}
	if outcome, _ := reports.Judge(run.Selected, run.Results, false, false); outcome != reports.Incomplete {
		t.Errorf("outcome %s, want incomplete", outcome)
	}
	if len(run.Notes) == 0 {
		t.Error("the run does not say that it could not undo what it may have done")
	}
}

// A platform that closes every connection refuses everything; it passes no spec.
func TestPlatformThatRefusesEverythingPassesNothing(t *testing.T) {
	for name, handle := range map[string]func(net.Conn){
		"closes": func(conn net.Conn) { _ = conn.Close() },
		"resets": func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 1)) // a connection reset at once is never established
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		},
		"speaks something else": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "220 mail.example ESMTP\r\n")
			_ = conn.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			run := runSpecs(t, hostile(t, handle), "transport", "trust", "rest", "registration", "token", "identity", "chain/valid-*", "chain/expired-*", "chain/pathlen-*")
			for _, r := range run.Results {
				if r.Verdict == reports.Pass || r.Verdict == reports.Error {
					t.Errorf("%s: %s (%s)", r.ID, r.Verdict, r.Reason)
				}
			}
			outcome, _ := reports.Judge(run.Selected, run.Results, false, false)
			if outcome == reports.Conformant {
				t.Errorf("outcome %s", outcome)
			}
		})
	}
}

// The command line says the same of a silent platform, with exit code 3.
func TestConformAgainstASilentPlatform(t *testing.T) {
	t.Parallel()
	system := hostile(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	report, code := conform(t, "--target", system.Name, "--only", "chain/valid-*,token")
	if code != exitIncomplete || report.Counts.Pass > 0 || report.Counts.Fail > 0 {
		t.Errorf("exit code %d, counts %+v, want %d and everything inconclusive", code, report.Counts, exitIncomplete)
	}
}

// Secrets of a target file appear in no output.
func TestSecretsStayOutOfReports(t *testing.T) {
	platform := serve(t)
	password, err := os.ReadFile(filepath.Join(filepath.Dir(platform.Target), "t1-admin.password"))
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "report")
	said, _ := foreign(t, "", "chainmail", append([]string{"conform", "--target", platform.Target, "--only", "rest,token", "--out", out}, sameKeys()...)...)
	files, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("reports: %v, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		said += string(data)
	}
	for name, secret := range map[string]string{"a password": strings.TrimSpace(string(password)), "a token": ".eyJ", "a private key": "PRIVATE KEY"} {
		if strings.Contains(said, secret) {
			t.Errorf("%s is in the output", name)
		}
	}
}
