//go:build unix

package stack

import (
	"errors"
	"os/exec"
	"syscall"
	"time"
)

// ownGroup gives the command a process group of its own, so that its children can be ended with it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup asks the command and its children to end, and after ten seconds makes them.
func endGroup(cmd *exec.Cmd, ended <-chan struct{}) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}

func suspend(pid int) error { return present(syscall.Kill(pid, syscall.SIGSTOP)) }

func resume(pid int) error { return present(syscall.Kill(pid, syscall.SIGCONT)) }

// present passes over a process that has ended meanwhile.
func present(err error) error {
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}
