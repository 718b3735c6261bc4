//go:build unix

package target

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps the signals of the terminal from the child.
func ownGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills the child and what it started.
func killGroup(c *exec.Cmd) {
	if c.Process != nil {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // one that is gone needs no killing
	}
}
