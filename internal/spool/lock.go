package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// LockFile is the name of the file that [Lock] makes.
const LockFile = "lock"

// Lock takes a folder for this process alone, until the result is closed, which the end of the process does in any case; [ErrInUse] when
// another has it.
func Lock(dir string) (io.Closer, error) {
	file, err := os.OpenFile(filepath.Join(dir, LockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(file); err != nil {
		return nil, fmt.Errorf("%s: %w (%w)", dir, ErrInUse, errors.Join(err, file.Close()))
	}
	return file, nil
}
