package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/machine"
	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/reports"
)

// describe is what a report says of the run beside what was measured. It is put into
// the folder before the first arrival, so that what a run that broke off has left can
// be read.
func (r *loadRun) describe(started time.Time) (reports.LoadHeader, error) {
	t := r.site.target
	h := reports.LoadHeader{
		Tool: tool(), Seed: r.job.Seed, Shards: r.job.Shards, Started: started.UTC(),
		Target: reports.Target{
			Name: t.Name, Organization: t.Implementation.Organization, Product: t.Implementation.Product,
			Version: t.Implementation.Version, URL: t.Implementation.URL, Driver: t.Driver.Name(), MQTTAddress: t.MQTT.Address,
		},
		Environment: loadEnvironment(), Floor: reports.InMilliseconds(r.floor.Total()), Again: r.again(),
	}
	if t.REST != nil {
		h.Target.RESTBaseURL = t.REST.BaseURL.String()
	}
	var err error
	if h.Plan, err = r.describePlan(); err != nil {
		return h, err
	}
	var text bytes.Buffer
	if err := h.WriteJSON(&text); err != nil {
		return h, err
	}
	return h, r.store.Put(context.Background(), reports.LoadHeaderName, text.Bytes())
}

func (r *loadRun) describePlan() (reports.LoadPlan, error) {
	plan := &r.job.Plan
	_, digest, err := r.job.Encode()
	if err != nil {
		return reports.LoadPlan{}, err
	}
	all, err := settings(*plan)
	if err != nil {
		return reports.LoadPlan{}, err
	}
	at, err := plan.Pacer(r.job.Factory().Seed())
	if err != nil {
		return reports.LoadPlan{}, fmt.Errorf("make pacer: %w", err)
	}
	arrivals := plan.Arrivals(at)
	return reports.LoadPlan{
		Name: plan.Name, Digest: hex.EncodeToString(digest[:]), Devices: arrivals, Bad: badArrivals(plan, r.job.Shards, arrivals), Arrival: at.String(),
		Interval: reports.InMilliseconds(plan.Interval), LagLimit: reports.InMilliseconds(plan.Limits.Lag),
		Thinking:   reports.InMilliseconds(plan.Journey.Thinking()),
		Thresholds: plan.Thresholds, Settings: all,
	}, nil
}

// badArrivals counts the arrivals of devices that must be refused.
func badArrivals(plan *loadgen.Plan, shards, arrivals int) int {
	if plan.Mix.Share == 0 {
		return 0
	}
	bad := 0
	for n := range arrivals {
		own := n / shards % (&loadgen.Job{Plan: *plan, Shards: shards}).Devices(n%shards)
		if _, is := plan.IsBad(own*shards + n%shards); is {
			bad++
		}
	}
	return bad
}

func loadEnvironment() reports.LoadEnvironment {
	m := machine.Describe()
	return reports.LoadEnvironment{
		Environment: reports.Environment{OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version(), CPUs: runtime.NumCPU()},
		Kernel:      m.Kernel, Processors: runtime.GOMAXPROCS(0), Memory: m.Memory, OpenFiles: m.OpenFiles, Ports: m.Ports,
	}
}

// again is the command line that repeats the run.
func (r *loadRun) again() string {
	words := append([]string{"chainmail", "load"}, r.words...)
	if r.flags.seed == "" {
		words = append(words, "--seed", r.job.Seed)
	}
	if r.flags.moment == "" {
		words = append(words, "--moment", r.job.Moment.Format(time.RFC3339))
	}
	return strings.Join(words, " ")
}

// clearRun takes what an earlier run has left out of the folder: its chunks would be
// taken for those of this one. What is none of a load run stays.
func clearRun(dir string) error {
	for _, name := range []string{
		reports.LoadFileName, reports.LoadHeaderName, loadgen.JobObject, loadgen.GoObject, loadgen.EndObject,
		strings.TrimSuffix(loadgen.ReadyPrefix, "/"), strings.TrimSuffix(measure.ChunkPrefix, "/"),
	} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return &exit{code: exitUsage, err: err, hint: "name a folder that can be written with --out"}
		}
	}
	return nil
}
