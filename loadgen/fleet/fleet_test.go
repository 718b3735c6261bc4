package fleet_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/fleet"
)

var moment = time.Date(2030, 1, 2, 3, 4, 0, 0, time.UTC)

func newJob(devices int) *loadgen.Job {
	plan := loadgen.Default()
	plan.Devices = devices
	return &loadgen.Job{Plan: plan, Seed: certfactory.Seed{1}.String(), Moment: moment, Shards: 1}
}

func mustFleet(t *testing.T, job *loadgen.Job) *fleet.Fleet {
	t.Helper()
	f, err := fleet.New(job)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func mustMember(t *testing.T, f *fleet.Fleet, i int) *fleet.Member {
	t.Helper()
	m, err := f.Device(i)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A device is the same in every fleet of the same seed and moment, and whatever the
// number of shards; what is wrong with a bad one too.
func TestSameSeedSameDevices(t *testing.T) {
	t.Parallel()
	job, sharded := newJob(40), newJob(40)
	job.Plan.Mix.Share, sharded.Plan.Mix.Share = 0.5, 0.5
	sharded.Shards = 3
	one, other := mustFleet(t, job), mustFleet(t, sharded)
	for i := 39; i >= 0; i-- {
		a, b := mustMember(t, one, i), mustMember(t, other, i)
		if a.ClientID != b.ClientID || a.Case != b.Case || !slices.EqualFunc(a.Chain, b.Chain, bytes.Equal) {
			t.Errorf("device %d differs: %s %q and %s %q", i, a.ClientID, a.Case, b.ClientID, b.Case)
		}
	}
	differs := newJob(40)
	differs.Seed = certfactory.Seed{2}.String()
	if mustMember(t, mustFleet(t, differs), 0).ClientID == mustMember(t, one, 0).ClientID {
		t.Error("another seed makes the same device")
	}
}

// Shards prepare their own devices and leave the others alone.
func TestPrepare(t *testing.T) {
	t.Parallel()
	job := newJob(10)
	job.Shards = 3
	f := mustFleet(t, job)
	var made atomic.Int64
	if err := f.Prepare(t.Context(), 1, func(n int) { made.Add(int64(n)) }); err != nil {
		t.Fatal(err)
	}
	if n := made.Load(); n != 3 || job.Devices(1) != 3 {
		t.Errorf("made %d devices, the job says %d; want 3: numbers 1, 4 and 7", n, job.Devices(1))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Prepare(ctx, 0, func(int) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

func TestChainLengthAndKey(t *testing.T) {
	t.Parallel()
	for _, length := range []int{2, 3, 10} {
		job := newJob(1)
		job.Plan.ChainLength, job.Plan.Key = length, "ed25519"
		f := mustFleet(t, job)
		m := mustMember(t, f, 0)
		leaf, err := x509.ParseCertificate(m.Chain[0])
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Chain) != length || leaf.PublicKeyAlgorithm != x509.Ed25519 || leaf.Subject.CommonName != m.ClientID {
			t.Errorf("chain of %d, key %v, name %s; want %d, Ed25519, %s", len(m.Chain), leaf.PublicKeyAlgorithm, leaf.Subject.CommonName, length, m.ClientID)
		}
		anchors, longest, err := f.Anchors()
		if err != nil || longest != length || len(anchors) != 1 || !bytes.Equal(anchors[0].DER, m.Chain[length-1]) || !anchors[0].AutoRegistration {
			t.Errorf("%d anchors for chains of %d: %v; want the root of the chain", len(anchors), longest, err)
		}
	}
}

// The default cases need one trust anchor beside that of the good, and cover their
// share.
func TestBadDevices(t *testing.T) {
	t.Parallel()
	job := newJob(100)
	job.Plan.Mix.Share = 0.2
	f := mustFleet(t, job)
	seen := make(map[string]int)
	for i := range 100 {
		if m := mustMember(t, f, i); m.Case != "" {
			seen[m.Case]++
		}
	}
	for _, id := range fleet.DefaultCases() {
		if seen[id] != 2 {
			t.Errorf("case %s is presented %d times of 20, want 2", id, seen[id])
		}
		if c, ok := cases.ByID(id); !ok || c.Expectation != cases.Refuse {
			t.Errorf("case %s need not be refused", id)
		}
	}
	anchors, longest, err := f.Anchors()
	if err != nil || len(anchors) != 2 || longest != 2 {
		t.Errorf("%d anchors for chains of %d, error %v; want 2 and 2", len(anchors), longest, err)
	}
	ids, err := f.ClientIDs(0, 100)
	if err != nil || len(ids) != 80 {
		t.Errorf("%d devices to be registered, error %v; want the 80 good ones", len(ids), err)
	}
}

func TestCasesThatCannotBePlayed(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"no-such":      "there is no case",
		"valid-direct": "need not be refused",
	} {
		job := newJob(2)
		job.Plan.Mix = loadgen.Mix{Share: 0.5, Cases: []string{id}}
		f, err := fleet.New(job)
		if err == nil {
			_, _, err = f.Anchors()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("case %s: error %v, want one that says %q", id, err, want)
		}
	}
}

// Devices of a packed file have the names that stand in their certificates.
func TestPackedFleet(t *testing.T) {
	t.Parallel()
	factory := certfactory.New(certfactory.Seed{3}, moment)
	made := factory.Fleet(factory.Root("packed CA"), 3, certfactory.P256)
	above, err := made.Above()
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	w, err := certfactory.NewPackedWriter(&file, above, 3)
	for i := 0; i < 3 && err == nil; i++ {
		chain, key, failed := made.Make(i)
		if err = failed; err == nil {
			err = w.Add(chain[0], key)
		}
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "fleet.bin")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	job := newJob(3)
	job.Fleet = path
	f := mustFleet(t, job)
	if m := mustMember(t, f, 2); m.ClientID != made.CommonName(2) || len(m.Chain) != 2 {
		t.Errorf("device %s with a chain of %d, want %s with 2", m.ClientID, len(m.Chain), made.CommonName(2))
	}
	job.Plan.Devices = 4
	if _, err := fleet.New(job); err == nil || !strings.Contains(err.Error(), "it has 3 devices, the plan wants 4") {
		t.Errorf("error %v, want one about the number of devices", err)
	}
}
