//go:build !unix

package coordinator

import "os/exec"

// Apart does nothing where there are no process groups.
func Apart(*exec.Cmd) {}
