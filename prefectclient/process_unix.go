//go:build unix

package prefectclient

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// processRuns reports whether a process of this system exists.
func processRuns(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// processStart gives the start of a process in clock ticks since the system's, where /proc tells it: field 22 of stat,
// counted after the name, which may hold anything.
func processStart(pid int) string {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	stat := string(data)
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return ""
	}
	return fields[19]
}
