package stack

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// Hang stops all processes of a server (postgres, minio or mlflow) where they are: its connections stay, the system accepts new ones for it,
// and nobody answers any of them. Resume, or the end of the test, has it go on.
func (o *Own) Hang(tb testing.TB, server string) {
	tb.Helper()
	pids := withDescendants(tb, marked(tb, o.Dir+"/"+server+"\x00"))
	if len(pids) == 0 {
		tb.Fatalf("no process of %s", server)
	}
	o.hanging[server] = pids
	tb.Cleanup(func() { o.Resume(tb, server) })
	for _, pid := range pids {
		if err := suspend(pid); err != nil {
			tb.Fatalf("%s: process %d: %v", server, pid, err)
		}
	}
}

// Resume ends a Hang, if there is one.
func (o *Own) Resume(tb testing.TB, server string) {
	tb.Helper()
	for _, pid := range o.hanging[server] {
		if err := resume(pid); err != nil {
			tb.Errorf("%s: process %d: %v", server, pid, err)
		}
	}
	delete(o.hanging, server)
}

// withDescendants adds the processes that those of pids have started: Postgres writes its state over the environment of its own, so that no mark
// is left there.
func withDescendants(tb testing.TB, pids []int) []int {
	tb.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		tb.Fatal(err)
	}
	children := map[int][]int{}
	for _, file := range files {
		text, _ := os.ReadFile(file) // a process may end meanwhile
		var state string
		var parent int
		// pid (name) state parent …, where the name may hold anything
		if _, err := fmt.Sscan(string(text[bytes.LastIndexByte(text, ')')+1:]), &state, &parent); err != nil {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			children[parent] = append(children[parent], pid)
		}
	}
	seen := map[int]bool{}
	var all []int
	for left := pids; len(left) > 0; left = left[1:] {
		if pid := left[0]; !seen[pid] {
			seen[pid] = true
			all = append(all, pid)
			left = append(left, children[pid]...)
		}
	}
	return all
}
