// Package looptest holds the test of the whole: every command as a process of its own, on a stack of real servers that the test may break.
package looptest
