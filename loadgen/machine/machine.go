// Package machine tells a load generator about itself: what its own process uses
// and what the machine keeps from it, what a handshake costs here at the least, and
// whether files, ports and memory will do for a run. Where the kernel does not say,
// a figure is zero and a check says nothing.
package machine

import (
	"math"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

// A Meter reads what the process has used since it was last read. It is safe for
// concurrent use.
type Meter struct {
	mu   sync.Mutex // guards last
	last reading
}

// NewMeter returns a Meter that counts from now.
func NewMeter() *Meter { return &Meter{last: read()} }

// Read returns what was used since the last Read, and what there is now.
func (m *Meter) Read() measure.Process {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := read()
	before := m.last
	m.last = now
	p := measure.Process{
		User: now.user - before.user, System: now.system - before.system,
		Stolen: now.stolen - before.stolen, Throttled: now.throttled - before.throttled,
		Memory: resident(), Goroutines: uint64(runtime.NumGoroutine()), Files: openFiles(),
	}
	p.Pauses, p.Paused, p.LongestPause = now.pauses.since(before.pauses)
	return p
}

// reading is the state of all counters at one moment.
type reading struct {
	user, system, stolen, throttled time.Duration
	pauses                          pauses
}

func read() reading {
	r := reading{stolen: stolen(), throttled: throttled(), pauses: readPauses()}
	r.user, r.system = processTimes()
	return r
}

// pauses is how often a garbage collection has stopped the process, by how long.
type pauses struct {
	counts []uint64
	bounds []float64 // in seconds, one more than counts
}

func readPauses() pauses {
	sample := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return pauses{}
	}
	h := sample[0].Value.Float64Histogram()
	return pauses{append([]uint64(nil), h.Counts...), h.Buckets}
}

// since returns number, sum and longest of the pauses that came after before. The
// runtime counts them in buckets; each is taken for the upper bound of its bucket.
func (p pauses) since(before pauses) (n uint64, sum, longest time.Duration) {
	for i, count := range p.counts {
		if i < len(before.counts) {
			count -= before.counts[i]
		}
		if count == 0 {
			continue
		}
		bound := p.bounds[i+1]
		if math.IsInf(bound, 1) {
			bound = p.bounds[i]
		}
		longest = time.Duration(bound * float64(time.Second))
		n += count
		sum += time.Duration(count) * longest
	}
	return n, sum, longest
}

// clockTick is the unit of processor times in /proc: USER_HZ is 100 on every
// architecture that Go runs on.
const clockTick = 10 * time.Millisecond

// stolen is the time that the hypervisor gave to others, all processors together,
// proc(5).
func stolen() time.Duration {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 {
		return 0
	}
	ticks, _ := strconv.ParseInt(fields[8], 10, 64)
	return time.Duration(ticks) * clockTick
}

// throttled is the time in which the process's control group was not let run, of
// either version of cgroups.
func throttled() time.Duration {
	for _, f := range []struct {
		path, key string
		unit      time.Duration
	}{
		{"/sys/fs/cgroup/cpu.stat", "throttled_usec", time.Microsecond},
		{"/sys/fs/cgroup/cpu/cpu.stat", "throttled_time", time.Nanosecond},
	} {
		if n, ok := value(f.path, f.key); ok {
			return time.Duration(n) * f.unit
		}
	}
	return 0
}

// resident is the memory of the process that is in RAM, in bytes.
func resident() uint64 {
	n, _ := value("/proc/self/status", "VmRSS:")
	return n << 10
}

// openFiles counts the process's open files. Linux from 6.2 on gives their number as
// the size of the folder; to list ten thousand every interval would take longer than
// all else that an interval asks for.
func openFiles() uint64 {
	if info, err := os.Stat("/proc/self/fd"); err == nil && info.Size() > 0 {
		return uint64(info.Size())
	}
	folder, err := os.Open("/proc/self/fd")
	if err != nil {
		return 0
	}
	defer folder.Close()
	names, _ := folder.Readdirnames(-1)
	return uint64(max(len(names)-1, 0)) // one is the folder itself
}

// value finds the number behind a key at the beginning of a line.
func value(path, key string) (uint64, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) >= 2 && fields[0] == key {
			n, err := strconv.ParseUint(fields[1], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}

// A Description is what a report says of the machine.
type Description struct {
	Kernel    string // as uname -r
	Memory    uint64 // of the machine, in bytes
	OpenFiles uint64 // that a process may have
	Ports     int    // that a source address has for a destination
}

// Describe describes this machine.
func Describe() Description {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	memory, _ := value("/proc/meminfo", "MemTotal:")
	files, _ := fileLimit()
	ports, _ := ephemeralPorts()
	return Description{strings.TrimSpace(string(kernel)), memory << 10, files, ports}
}
