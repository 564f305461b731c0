//go:build unix

package embedded

import (
	"os/exec"
	"syscall"
)

// ownGroup starts the command as the leader of a process group, so that its workers end with it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func interruptGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
