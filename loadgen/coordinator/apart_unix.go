//go:build unix

package coordinator

import (
	"os/exec"
	"syscall"
)

// Apart keeps the terminal's Ctrl-C from the process: it is told in another way
// when to end.
func Apart(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
