package prefectclient

import "encoding/json"

// Patch is a field of an update: left alone (the zero value), set to a value ([Set]) or set to null ([Null]).
type Patch[T any] struct {
	value T
	state patchState
}

type patchState uint8

const (
	patchLeave patchState = iota
	patchSet
	patchNull
)

// Set gives a field a new value.
func Set[T any](value T) Patch[T] { return Patch[T]{value: value, state: patchSet} }

// Null takes a field's value away.
func Null[T any]() Patch[T] { return Patch[T]{state: patchNull} }

// IsZero reports a field that is left alone; encoding/json leaves it out by its omitzero option.
func (p Patch[T]) IsZero() bool { return p.state == patchLeave }

// Value gives the new value, and false for a field that is left alone or set to null.
func (p Patch[T]) Value() (T, bool) { return p.value, p.state == patchSet }

// MarshalJSON writes the value, or null.
func (p Patch[T]) MarshalJSON() ([]byte, error) {
	if p.state != patchSet {
		return []byte("null"), nil
	}
	return json.Marshal(p.value)
}
