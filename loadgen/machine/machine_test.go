package machine_test

import (
	"crypto/tls"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen/machine"
)

// Every kind of key and key exchange of a plan can be calibrated, and a signature
// more costs what a signature costs.
func TestMeasureFloor(t *testing.T) {
	t.Parallel()
	factory := certfactory.New(certfactory.NewSeed(), time.Now())
	for _, alg := range []certfactory.Alg{certfactory.P256, certfactory.Ed25519, certfactory.RSA2048} {
		f, err := machine.MeasureFloor(factory.Key(alg, "k"), tls.X25519, 1)
		if err != nil || f.Exchange <= 0 || f.Sign <= 0 || f.Verify <= 0 {
			t.Errorf("%v: %+v, %v", alg, f, err)
		}
	}
	for _, curve := range []tls.CurveID{tls.CurveP256, tls.CurveP384, tls.CurveP521, tls.X25519MLKEM768} {
		f, err := machine.MeasureFloor(factory.Key(certfactory.P256, "k"), curve, 2)
		if err != nil || f.Total() != f.Exchange+f.Sign+2*f.Verify {
			t.Errorf("%v: %+v, %v", curve, f, err)
		}
	}
	if _, err := machine.MeasureFloor(factory.Key(certfactory.P256, "k"), tls.CurveID(1), 1); err == nil {
		t.Error("a key exchange that does not exist is calibrated")
	}
}

// What is too little is said with figures, and what to do with the number that does.
func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		need       machine.Need
		text, hint string // of the first shortage; "" for none
	}{
		{"few", machine.Need{Open: 100, Shards: 1, Sources: 1, Requests: true}, "", ""},
		{"files", machine.Need{Open: 9_000_000, Shards: 1, Sources: 1000}, "needs 9000064 open files", "take --shards "},
		{"ports", machine.Need{Open: 70_000, Shards: 100, Sources: 1}, "70000 connections from 1 source address", "--source-addresses"},
		{"memory", machine.Need{Open: 1 << 30, Shards: 1 << 29, Sources: 1 << 20}, "of memory", "fewer devices"},
	} {
		short := machine.Check(tt.need)
		if tt.text == "" {
			if len(short) > 0 {
				t.Errorf("%s: %+v", tt.name, short)
			}
			continue
		}
		if runtime.GOOS != "linux" && len(short) == 0 {
			continue // the kernel does not say
		}
		if len(short) == 0 || !strings.Contains(short[0].Text, tt.text) || !strings.Contains(short[0].Hint, tt.hint) {
			t.Errorf("%s: %+v, want %q, %q", tt.name, short, tt.text, tt.hint)
		}
	}
}

// A Meter counts what was used since it was last read.
func TestMeter(t *testing.T) {
	m := machine.NewMeter()
	for end := time.Now().Add(time.Minute); ; {
		runtime.GC()
		p := m.Read()
		if p.User > 0 && p.Pauses > 0 && p.Paused >= p.LongestPause && p.LongestPause > 0 && p.Memory > 0 && p.Goroutines > 1 && p.Files > 2 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("read %+v after a minute of work", p)
		}
	}
	if p := m.Read(); p.User > time.Minute || p.Pauses > 1000 {
		t.Errorf("read %+v: that is not since the last reading", p)
	}
}

// Files are counted one by one.
func TestMeterCountsFiles(t *testing.T) {
	const pipes = 7
	m := machine.NewMeter()
	before := m.Read().Files
	if before == 0 {
		t.Skip("the system does not say")
	}
	for range pipes {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		defer w.Close()
	}
	// The first pipe may need something beside itself, to be waited for.
	if after := m.Read().Files; after < before+2*pipes || after > before+2*pipes+2 {
		t.Errorf("%d files, and %d with %d pipes more", before, after, pipes)
	}
}
