//go:build !unix

package spool

import "os"

// lock does nothing where the standard library has no lock: there, two processes must be given two folders.
func lock(*os.File) error { return nil }
