package measure

import "time"

// Process is what a shard's own process used in one interval, and how much its
// machine kept from it. It tells whether the generator was the bottleneck.
type Process struct {
	// User and System are processor time of the process.
	User, System time.Duration
	// Pauses is the number of garbage collections, Paused what they stopped the
	// process for in all, LongestPause the longest single stop.
	Pauses       uint64
	Paused       time.Duration
	LongestPause time.Duration
	// Stolen is processor time that the hypervisor gave to others, Throttled the
	// time in which the control group was not let run. Both stay 0 where the kernel
	// does not say.
	Stolen, Throttled time.Duration
	// Memory is the most resident memory in bytes, Goroutines and Files the most
	// that were there at once.
	Memory, Goroutines, Files uint64
}

// Add adds the other's times and keeps the larger of the extremes. Memory,
// goroutines and files of different shards are added up by Fold, not here.
func (p *Process) Add(other Process) {
	p.User += other.User
	p.System += other.System
	p.Pauses += other.Pauses
	p.Paused += other.Paused
	p.LongestPause = max(p.LongestPause, other.LongestPause)
	p.Stolen += other.Stolen
	p.Throttled += other.Throttled
	p.Memory = max(p.Memory, other.Memory)
	p.Goroutines = max(p.Goroutines, other.Goroutines)
	p.Files = max(p.Files, other.Files)
}
