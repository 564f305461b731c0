//go:build !race

package tpe

const raceEnabled = false
