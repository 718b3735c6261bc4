package main

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/reports"
)

// few are specs that admit and specs that refuse, some of them in pairs.
const few = "chain/valid-direct,chain/valid-one-intermediate,chain/expired-leaf,chain/expired-intermediate,identity/cn-mismatch"

func closeConn(conn net.Conn) { _ = conn.Close() }

// resetConn resets a connection once something has come over it: one that is reset
// at once is never established.
func resetConn(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 1))
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

// Hostile platforms bring the verdicts and exit codes that they must, and none of
// them passes a spec that it does not deserve to pass.
func TestHostilePlatforms(t *testing.T) {
	t.Parallel()
	always := func(do func(net.Conn)) func(int, net.Conn) bool {
		return func(_ int, conn net.Conn) bool { do(conn); return true }
	}
	tests := []struct {
		name  string
		relay *relay
		only  string // default few
		more  string
		code  int
		// of the specs that want a device admitted, and of those that want one refused
		admits, refuses []reports.Verdict
		note            string
	}{
		{
			name: "refuses everything without alert", relay: &relay{seize: always(closeConn)}, code: exitNotConformant,
			admits: []reports.Verdict{reports.Fail}, refuses: []reports.Verdict{reports.Inconclusive},
		},
		{
			name: "resets everything", relay: &relay{seize: always(resetConn)}, code: exitNotConformant,
			admits: []reports.Verdict{reports.Fail}, refuses: []reports.Verdict{reports.Inconclusive},
		},
		{
			name:  "refuses from the third connection on",
			relay: &relay{seize: func(n int, conn net.Conn) bool { return n > 2 && closed(conn) }}, code: exitIncomplete,
			admits:  []reports.Verdict{reports.Pass, reports.Inconclusive},
			refuses: []reports.Verdict{reports.Inconclusive},
		},
		{
			name: "answers too late", relay: &relay{delay: 10 * time.Second}, more: "timing: {connect: 1s, response: 1s}", code: exitIncomplete,
			admits: []reports.Verdict{reports.Inconclusive}, refuses: []reports.Verdict{reports.Inconclusive},
		},
		{
			name:  "refuses the third connection to the twentieth, and is waited for",
			relay: &relay{seize: func(n int, conn net.Conn) bool { return n > 2 && n <= 20 && closed(conn) }},
			more:  "timing: {backoff: {tries: 12, first: 20ms, most: 100ms}}", code: exitOK,
			admits: []reports.Verdict{reports.Pass}, refuses: []reports.Verdict{reports.Pass}, note: "tried again ",
		},
		{
			// Both sides are late on a busy machine: they must not be so by as much as these are apart.
			name: "takes one connection in 20 ms, and is given more", relay: &relay{seize: limited(20 * time.Millisecond)},
			only: "chain/valid-direct,chain/expired-leaf", more: "timing: {pause: 500ms}", code: exitOK,
			admits: []reports.Verdict{reports.Pass}, refuses: []reports.Verdict{reports.Pass},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file, _ := behind(t, serve(t), tt.relay, tt.more)
			report, code := conform(t, "--target", file, "--only", cmp.Or(tt.only, few))
			if code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			for _, s := range report.Specs {
				want := tt.refuses
				if strings.HasPrefix(s.ID, "chain/valid-") {
					want = tt.admits
				}
				if !contains(want, s.Verdict) {
					t.Errorf("%s: %s: %s; want one of %v", s.ID, s.Verdict, s.Reason, want)
				}
			}
			if !strings.Contains(strings.Join(report.Notes, " "), tt.note) {
				t.Errorf("notes %q, want one with %q", report.Notes, tt.note)
			}
		})
	}
}

func contains(verdicts []reports.Verdict, v reports.Verdict) bool {
	for _, w := range verdicts {
		if v == w {
			return true
		}
	}
	return false
}

func closed(conn net.Conn) bool { closeConn(conn); return true }

// limited closes connections that come sooner than that after the one before.
func limited(least time.Duration) func(int, net.Conn) bool {
	var mu sync.Mutex
	var last time.Time
	return func(_ int, conn net.Conn) bool {
		mu.Lock()
		defer mu.Unlock()
		early := time.Since(last) < least
		last = time.Now()
		return early && closed(conn)
	}
}

// A platform that limits the rate of connections, in the very form in which it
// refuses, is not passed for what the limit refused.
func TestRefusalsOfALimitProveNothing(t *testing.T) {
	t.Parallel()
	platform := serve(t, "--deviation", "accepts-expired")
	file, _ := behind(t, platform, &relay{seize: limited(15 * time.Millisecond)})
	report, code := conform(t, "--target", file, "--only", "chain/expired-*,chain/valid-direct")
	if code == exitOK {
		t.Errorf("exit code %d: a platform that admits expired certificates conforms", code)
	}
	for _, s := range report.Specs {
		if s.Spec == "chain/expired-leaf" && s.Verdict == reports.Pass {
			t.Errorf("%s passed: %v", s.ID, s.Observed)
		}
	}
}

// A platform that goes down in the middle of a run fails nothing and passes
// nothing from then on.
func TestPlatformThatGoesDown(t *testing.T) {
	t.Parallel()
	platform := serve(t)
	file, relays := behind(t, platform, &relay{}, short)
	out := filepath.Join(t.TempDir(), "report")
	var down time.Time
	_ = conformUntil(t, 50, func(*exec.Cmd) {
		for _, r := range relays {
			r.stop()
		}
		down = time.Now()
	}, "--target", file, "--out", out, "--skip", "web", "--tls", "1.3")
	report, err := reports.Load(out)
	if err != nil {
		t.Fatal(err)
	}
	if report.ExitCode != exitIncomplete || report.Counts.Fail > 0 || report.Counts.Warn > 0 || report.Counts.Pass < 40 || down.IsZero() {
		t.Errorf("exit code %d, counts %+v, want %d, 40 passed and more, and none failed", report.ExitCode, report.Counts, exitIncomplete)
	}
	for _, s := range report.Specs {
		if s.Verdict == reports.Pass && s.Started.After(down) {
			t.Errorf("%s passed, begun %v after the platform was gone", s.ID, s.Started.Sub(down))
		}
	}
	if len(report.Specs) != len(report.Selected) {
		t.Errorf("%d results of %d: each spec must have one", len(report.Specs), len(report.Selected))
	}
	if len(report.Notes) == 0 {
		t.Error("the report does not say what was left behind")
	}
}

// A platform that admits everybody is failed by every spec that wants a refusal.
func TestPlatformThatAcceptsEverything(t *testing.T) {
	address, ca := admitAll(t)
	file := filepath.Join(t.TempDir(), "target.yaml")
	write(t, file, fmt.Appendf(nil, `apiVersion: chainmail/v1
kind: Target
mqtt: {address: %q, serverName: localhost, caFile: %q}
policy: {maxChainLength: 4}
driver: static
static: {bundle: anchors.pem, reload: ["true"]}
`, address, ca))
	report, code := conform(t, "--target", file, "--profile", "broker", "--only", few+",transport/no-certificate-no-password")
	if code != exitNotConformant {
		t.Errorf("exit code %d, want %d", code, exitNotConformant)
	}
	for _, s := range report.Specs {
		want := reports.Fail
		if strings.HasPrefix(s.ID, "chain/valid-") {
			want = reports.Pass
		}
		if s.Verdict != want {
			t.Errorf("%s: %s: %s; want %s", s.ID, s.Verdict, s.Reason, want)
		}
	}
}

// admitAll is a broker that asks for a certificate, looks at none and answers
// CONNACK 0; it returns its address and the file of its own certificate.
func admitAll(t *testing.T) (address, ca string) {
	t.Helper()
	dir := t.TempDir()
	serverCertificate(t, dir)
	certificate, err := tls.LoadX509KeyPair(filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequestClientCert,
	})
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
			go func() {
				defer conn.Close()
				if _, err := conn.Read(make([]byte, 4<<10)); err == nil {
					_, _ = conn.Write([]byte{0x20, 2, 0, 0})
					_, _ = io.Copy(io.Discard, conn)
				}
			}()
		}
	}()
	return l.Addr().String(), filepath.Join(dir, "ca.pem")
}
