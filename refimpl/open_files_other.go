//go:build !unix

package refimpl

// openFiles returns how many files the process may have open, where the system does not say.
func openFiles() int { return assumedFiles }
