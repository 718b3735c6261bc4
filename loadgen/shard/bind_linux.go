package shard

import "syscall"

// ipBindAddressNoPort is IP_BIND_ADDRESS_NO_PORT of ip(7), which package syscall lacks.
const ipBindAddressNoPort = 24

// bindLate has the kernel choose the local port when it connects.
func bindLate(_, _ string, raw syscall.RawConn) error {
	var err error
	if e := raw.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, ipBindAddressNoPort, 1)
	}); e != nil {
		return e
	}
	return err
}
