package machine

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// A Need is what a run asks of the machine.
type Need struct {
	// Open is how many devices are connected at once, in all shards together.
	Open int
	// Shards are the processes that share them.
	Shards int
	// Sources is the number of local addresses that devices connect from, at least 1.
	Sources int
	// Requests tells that devices make HTTP requests over connections of their own.
	Requests bool
}

// A Shortage is something that the machine has too little of.
type Shortage struct {
	Text string // what is short, with figures
	Hint string // what to do
}

// spareFiles are those of a process that are no connections: logs, the store, the
// runtime's own.
const spareFiles = 64

// memoryPerDevice is what to reckon with for a device at its most expensive moment,
// in bytes. Idle it needs less than half of it.
const memoryPerDevice = 40 << 10

// Check raises the limit of open files as far as it may, and returns what the machine
// has too little of. It connects nothing.
func Check(n Need) []Shortage {
	var short []Shortage
	perShard := (n.Open + n.Shards - 1) / n.Shards
	files := perShard + spareFiles
	if n.Requests {
		files += perShard
	}
	if limit, ok := fileLimit(); ok && uint64(files) > limit {
		fits := max(perShard*int(limit-min(limit, spareFiles))/max(files-spareFiles, 1), 1)
		short = append(short, Shortage{
			fmt.Sprintf("a shard needs %d open files, the limit of a process is %d", files, limit),
			fmt.Sprintf("take --shards %d, or raise the limit (ulimit -n)", (n.Open+fits-1)/fits),
		})
	}
	if ports, ok := ephemeralPorts(); ok && n.Open > ports*n.Sources {
		needed := (n.Open + ports - 1) / ports
		short = append(short, Shortage{
			fmt.Sprintf("%d connections from %s, which have %d local ports each", n.Open, addresses(n.Sources), ports),
			fmt.Sprintf("give %d addresses with --source-addresses (on loopback 127.0.0.2-127.0.0.%d), or widen net.ipv4.ip_local_port_range", needed, needed+1),
		})
	}
	if kib, ok := value("/proc/meminfo", "MemAvailable:"); ok && uint64(n.Open)*memoryPerDevice > kib<<10 {
		short = append(short, Shortage{
			fmt.Sprintf("%d devices need up to %d MiB of memory, %d MiB are available", n.Open, n.Open*memoryPerDevice>>20, kib>>10),
			"take fewer devices, or limits.open in the plan",
		})
	}
	return short
}

func addresses(n int) string {
	if n == 1 {
		return "1 source address"
	}
	return strconv.Itoa(n) + " source addresses"
}

// ephemeralPorts is how many ports the system chooses from, per source address and
// destination.
func ephemeralPorts() (int, bool) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	fields := strings.Fields(string(text))
	if err != nil || len(fields) != 2 {
		return 0, false
	}
	lowest, errLowest := strconv.Atoi(fields[0])
	highest, errHighest := strconv.Atoi(fields[1])
	return highest - lowest + 1, errLowest == nil && errHighest == nil && highest >= lowest
}
