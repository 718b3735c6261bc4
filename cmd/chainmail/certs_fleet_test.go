package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// killOnce runs the command, which is killed once a file that fits the pattern has
// so many bytes.
func killOnce(t *testing.T, dir, pattern string, size int, words ...string) {
	t.Helper()
	command := exec.Command("chainmail-killed", append([]string{pattern, strconv.Itoa(size)}, words...)...)
	command.Dir = dir
	output, _ := command.CombinedOutput() // its end is looked at
	if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("%v, want that it was killed: %s", command.ProcessState, output)
	}
}

// playKilled is the program chainmail-killed. It is this process that looks when its
// time has come, and no other one, which would be late on a busy machine.
func playKilled() {
	pattern := os.Args[1]
	size, err := strconv.ParseInt(os.Args[2], 10, 64)
	if err != nil {
		panic(err)
	}
	go func() {
		for ; ; time.Sleep(time.Millisecond) {
			found, _ := filepath.Glob(pattern)
			for _, path := range found {
				if info, err := os.Stat(path); err == nil && info.Size() >= size {
					_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				}
			}
		}
	}()
	os.Args = append(os.Args[:1], os.Args[3:]...)
	main()
}

// fleetWords are those of one run, to be given again after it was killed.
func fleetWords(out, format, devices string) []string {
	return []string{
		"certs", "fleet", "--devices", devices, "--out", out, "--format", format,
		"--seed", strings.Repeat("a", 26), "--moment", "2031-03-04T05:06:00Z",
	}
}

// A run that was killed goes on where it was, and makes what one makes that was not.
func TestFleetGoesOnAfterAKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const devices = "3000"
	mustRun(t, dir, fleetWords("whole.bin", "packed", devices)...)
	words := fleetWords("fleet.bin", "packed", devices)
	killOnce(t, dir, "fleet.bin.part", 200_000, words...)
	if _, err := os.Stat(filepath.Join(dir, "fleet.bin")); err == nil {
		t.Fatal("an incomplete fleet has the name of a whole one")
	}

	// Other words do not go on with it.
	other := exec.CommandContext(t.Context(), "chainmail", fleetWords("fleet.bin", "packed", "70")...)
	other.Dir = dir
	if output, err := other.CombinedOutput(); err == nil || !strings.Contains(string(output), "another fleet was interrupted") {
		t.Errorf("with other words: %v, %s", err, output)
	}

	output := mustRun(t, dir, words...)
	if !strings.Contains(output, "going on after ") || strings.Contains(output, "going on after 0 ") {
		t.Errorf("begun anew: %s", output)
	}
	whole, got := mustRead(t, filepath.Join(dir, "whole.bin")), mustRead(t, filepath.Join(dir, "fleet.bin"))
	if !bytes.Equal(whole, got) {
		t.Error("another fleet than without the kill")
	}
	for _, left := range []string{"fleet.bin.part", "fleet.bin.job"} {
		if _, err := os.Stat(filepath.Join(dir, left)); err == nil {
			t.Errorf("%s is left", left)
		}
	}
	if fleet, err := certfactory.ReadPacked(got); err != nil || fleet.Len() != 3000 {
		t.Errorf("read: %v", err)
	}
}

func TestFleetFolderGoesOnAfterAKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	words := fleetWords("devices", "pem", "1000")
	killOnce(t, dir, "devices/device-000060-*-chain.pem", 1, words...)
	begun, err := filepath.Glob(filepath.Join(dir, "devices", "*-chain.pem"))
	if err != nil || len(begun) == 1000 {
		t.Fatalf("killed too late: %d devices (%v)", len(begun), err)
	}
	// What a crash of the machine leaves of a file is not taken for one.
	if err := os.Truncate(begun[20], 100); err != nil {
		t.Fatal(err)
	}
	if output := mustRun(t, dir, words...); !strings.Contains(output, "going on after 20 of 1000 devices") {
		t.Errorf("did not go on at the first that is broken: %s", output)
	}
	anchor := x509.NewCertPool()
	anchor.AppendCertsFromPEM(mustRead(t, filepath.Join(dir, "devices", "anchor.pem")))
	for _, chain := range begun {
		pair, err := tls.LoadX509KeyPair(chain, strings.Replace(chain, "-chain.pem", "-key.pem", 1))
		if err != nil {
			t.Fatal(err)
		}
		options := x509.VerifyOptions{Roots: anchor, CurrentTime: time.Date(2031, 3, 4, 6, 0, 0, 0, time.UTC), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
		if _, err := pair.Leaf.Verify(options); err != nil {
			t.Errorf("%s: %v", chain, err)
		}
	}
	if all, err := filepath.Glob(filepath.Join(dir, "devices", "*-chain.pem")); err != nil || len(all) != 1000 {
		t.Errorf("%d devices, want 1000 (%v)", len(all), err)
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
