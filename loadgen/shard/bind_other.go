//go:build !linux

package shard

import "syscall"

// bindLate does nothing where the kernel has no such option: there each source
// address has its range of ports once for all destinations.
func bindLate(_, _ string, _ syscall.RawConn) error { return nil }
