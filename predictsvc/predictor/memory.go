package main

import (
	"runtime/debug"
)

// keepSmall is the garbage collector's setting unless the environment has another (GOGC, GOMEMLIMIT): a model is some megabytes that stay and
// hold no pointers, and requests leave little behind, so that collecting twice as often takes hardly any time and keeps the process small.
const keepSmall = 50

// limitMemory sets the collector up.
func limitMemory(getenv func(string) string) {
	if getenv("GOGC") == "" && getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(keepSmall)
	}
}

// giveBack returns what the loading of a model has left to the system at once, where the runtime would take minutes. It takes some milliseconds.
func giveBack() { debug.FreeOSMemory() }
