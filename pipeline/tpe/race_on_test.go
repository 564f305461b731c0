//go:build race

package tpe

// raceEnabled: the race detector slows this package several times, but not Optuna.
const raceEnabled = true
