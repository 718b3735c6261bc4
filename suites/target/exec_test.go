package target_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/suites/target"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answering is a program that says hello and then answers each request with what
// the shell commands print; $id is the request's id and $line the request.
func answering(hello, commands string) string {
	return fmt.Sprintf(`#!/bin/sh
while IFS= read -r line; do
	id=${line#*'"id":'} id=${id%%%%,*}
	case $line in
	*'"hello"'*) %s ;;
	*) %s ;;
	esac
done
`, hello, commands)
}

const goodHello = `echo "{\"id\":$id,\"ok\":true,\"operations\":[\"addAnchors\",\"removeAnchors\"]}"`

// driver writes a program and returns a driver for it, with short bounds.
func driver(t *testing.T, script string) *target.Exec {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "driver.sh"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	e := &target.Exec{
		Command: []string{"sh", "driver.sh"}, Dir: dir, Timeout: 5 * time.Second, Address: l.Addr().String(),
		Timing: target.Timing{Connect: 5 * time.Second, Convergence: 5 * time.Second},
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func anchor(t *testing.T, name string) certfactory.Anchor {
	t.Helper()
	f := certfactory.New(certfactory.Seed{1}, time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC))
	der, err := f.Root(name).DER()
	if err != nil {
		t.Fatal(err)
	}
	return certfactory.Anchor{Name: name, DER: der, AutoRegistration: true}
}

func TestExecAnswers(t *testing.T) {
	t.Parallel()
	e := driver(t, answering(
		`echo "{\"id\":$id,\"ok\":true,\"tenants\":2,\"operations\":[\"addAnchors\",\"removeAnchors\",\"findUser\",\"deleteUser\",\"disableUser\",\"setClock\",\"maxChainLength\"]}"`,
		`printf '%s\n' "$line" >>requests
		 case $line in
		 *addAnchors*) echo "{\"id\":$id,\"ok\":true,\"answers\":[{\"accepted\":true},{\"accepted\":false,\"status\":422,\"detail\":\"too old\"}]}" ;;
		 *findUser*) echo "{\"id\":$id,\"ok\":true,\"found\":true}" ;;
		 *maxChainLength*) echo "{\"id\":$id,\"ok\":true,\"length\":4}" ;;
		 *) echo "{\"id\":$id,\"ok\":true}" ;;
		 esac`))
	found, err := e.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]target.Capability{target.DeviceUsers, target.Clock, target.SecondTenant}, found); diff != "" {
		t.Errorf("capabilities (-want +got):\n%s", diff)
	}
	answers, err := e.Add(t.Context(), []certfactory.Anchor{anchor(t, "one"), anchor(t, "two")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]target.Answer{{Accepted: true}, {Status: 422, Detail: "too old"}}, answers); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if exists, err := e.UserExists(t.Context(), 0, "device_x"); err != nil || !exists {
		t.Errorf("user exists %t, %v", exists, err)
	}
	if n, err := e.MaxChainLength(t.Context()); err != nil || n != 4 {
		t.Errorf("maximum chain length %d, %v", n, err)
	}
	for _, err := range []error{
		e.Remove(t.Context(), []certfactory.Anchor{anchor(t, "one")}), e.DeleteUser(t.Context(), 1, "device_y"),
		e.SetClock(t.Context(), time.Hour), e.Change(t.Context(), anchor(t, "one"), target.AnchorChange{Enabled: new(false)}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	asked, err := os.ReadFile(filepath.Join(e.Dir, "requests"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"id":2,"op":"addAnchors","anchors":[{"name":"one","tenant":1,"enabled":true,"autoRegistration":true,"fingerprint":"`,
		`"pem":"-----BEGIN CERTIFICATE-----\n`, `"op":"findUser","tenant":1,"user":"device_x"}`, `"op":"deleteUser","tenant":2,"user":"device_y"}`,
		`"op":"setClock","seconds":3600}`, `"op":"changeAnchor","enabled":false,"anchor":{`,
	} {
		if !strings.Contains(string(asked), want) {
			t.Errorf("the requests lack %s:\n%s", want, asked)
		}
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// What a program does wrong is an error that says what, and that no answer came.
func TestExecFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, hello, then, want string
	}{
		{"crash", goodHello, `echo "no such host" >&2; exit 3`, `addAnchors: the program ended: exit status 3; it said "no such host"`},
		{"end", goodHello, `exit 0`, "the program ended without an answer"},
		{"garbage", goodHello, `echo "adding anchors"`, `stdout is for answers in JSON, one a line, and has "adding anchors"`},
		{"other id", goodHello, `echo "{\"id\":7,\"ok\":true}"`, "the answer is not to request 2"},
		{"no ok", goodHello, `echo "{\"id\":$id}"`, `the answer has no "ok"`},
		{"not ok", goodHello, `echo "{\"id\":$id,\"ok\":false,\"error\":\"quota\"}"`, "addAnchors: quota"},
		{"not ok and no reason", goodHello, `echo "{\"id\":$id,\"ok\":false}"`, `there is no "error"`},
		{"silence", goodHello, `sleep 60`, "no answer within 300ms"},
		{"too few answers", goodHello, `echo "{\"id\":$id,\"ok\":true,\"answers\":[]}"`, "0 answers for 1 trust anchors"},
		{"endless line", goodHello, `while :; do printf xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done`, "addAnchors: "},
		{"hello without what is required", `echo "{\"id\":$id,\"ok\":true,\"operations\":[\"addAnchors\"]}"`, `:`, "does not offer removeAnchors"},
		{"hello of nobody", `exit 1`, `:`, "hello: the program ended: exit status 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := driver(t, answering(tt.hello, tt.then))
			if tt.name == "silence" || tt.name == "endless line" {
				if _, err := e.Open(t.Context()); err != nil {
					t.Fatal(err)
				}
				e.Timeout = 300 * time.Millisecond
			}
			_, err := e.Add(t.Context(), []certfactory.Anchor{anchor(t, "one")})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if !errors.Is(err, target.ErrNoAnswer) {
				t.Errorf("error %v does not say that no answer came", err)
			}
			if _, ok := errors.AsType[*target.ExecError](err); !ok {
				t.Errorf("error %T", err)
			}
		})
	}
}

// A program that crashed is started again for the next request.
func TestExecStartsAgain(t *testing.T) {
	t.Parallel()
	e := driver(t, answering(goodHello, `if [ -f crashed ]; then echo "{\"id\":$id,\"ok\":true}"; else touch crashed; exit 1; fi`))
	if err := e.Remove(t.Context(), []certfactory.Anchor{anchor(t, "one")}); err == nil {
		t.Fatal("a crash is no error")
	}
	if err := e.Remove(t.Context(), []certfactory.Anchor{anchor(t, "one")}); err != nil {
		t.Errorf("after the crash: %v", err)
	}
}

// A daemon that the program leaves behind holds its stdout open and nobody up.
func TestExecLeavesADaemonBehind(t *testing.T) {
	t.Parallel()
	e := driver(t, answering(goodHello, `sleep 2 & echo "{\"id\":$id,\"ok\":true}"`))
	if err := e.Remove(t.Context(), []certfactory.Anchor{anchor(t, "one")}); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func TestLoadExec(t *testing.T) {
	const text = `apiVersion: chainmail/v1
kind: Target
mqtt: {address: "127.0.0.1:8883"}
driver: exec
`
	got, err := target.Load(write(t, text+"exec: {command: [sh, driver.sh]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if e := got.Driver.(*target.Exec); e.Timeout != 30*time.Second || e.Address != "127.0.0.1:8883" || e.Name() != "exec" {
		t.Errorf("driver %+v", e)
	}
	for section, want := range map[string]string{
		"": ":4: driver exec needs the section exec", "exec: {command: []}": ":5: exec.command is empty",
		"exec: {command: [no-such-program-here]}": `:5: exec.command: no program "no-such-program-here"`,
		"exec: {command: [sh], timeout: -1s}":     ":5: timeout is -1s",
	} {
		if _, err := target.Load(write(t, text+section+"\n")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", section, err, want)
		}
	}
}
