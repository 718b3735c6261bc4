//go:build unix

package refimpl

import "syscall"

// openFiles returns how many files the process may have open. Go raises that to what the
// system allows at most.
func openFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return assumedFiles
	}
	return int(min(uint64(limit.Cur), maxFiles))
}
