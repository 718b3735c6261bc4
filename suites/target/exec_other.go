//go:build !unix

package target

import "os/exec"

// ownGroup does nothing where there are no process groups.
func ownGroup(*exec.Cmd) {}

// killGroup kills the child.
func killGroup(c *exec.Cmd) {
	if c.Process != nil {
		_ = c.Process.Kill() // one that is gone needs no killing
	}
}
