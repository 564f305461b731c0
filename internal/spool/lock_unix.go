//go:build unix

package spool

import (
	"os"
	"syscall"
)

// lock is held until the file is closed.
func lock(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) //nolint:gosec // A descriptor is small.
}
