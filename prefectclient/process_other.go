//go:build !unix

package prefectclient

import "os"

// processRuns reports whether a process of this system exists.
func processRuns(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	_ = p.Release()
	return true
}

// processStart is not known here.
func processStart(int) string { return "" }
