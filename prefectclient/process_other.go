//go:build !unix

package prefectclient

import (
	"os"
	"os/exec"
)

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

func residentMemory(int) (int64, bool) { return 0, false }

func ownGroup(*exec.Cmd) {}

// terminate ends a process: there is no way to ask it.
func terminate(p *os.Process) { _ = p.Kill() } // it may have ended meanwhile
