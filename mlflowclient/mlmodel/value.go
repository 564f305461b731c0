package mlmodel

import "slices"

// Map is a mapping of YAML or JSON whose keys keep their order. Values are nil, bool, int64, *big.Int, float64, string,
// [Timestamp], []any or Map; keys are any of these but the last two. In JSON keys are strings and numbers [Number].
type Map []Item

// Item is one entry of a Map.
type Item struct {
	Key, Value any
}

// Timestamp is a date or time that stands unquoted in YAML, kept as it is written.
type Timestamp string

// Get returns the value of a string key, and whether it is there.
func (m Map) Get(key string) (any, bool) {
	for _, it := range m {
		if it.Key == key {
			return it.Value, true
		}
	}
	return nil, false
}

func (m Map) value(key string) any {
	v, _ := m.Get(key)
	return v
}

// Text returns the string of a key, "" when it is absent or not a string.
func (m Map) Text(key string) string {
	v, _ := m.Get(key)
	s, _ := v.(string)
	return s
}

// Sub returns the mapping of a key, nil when it is absent or not a mapping.
func (m Map) Sub(key string) Map {
	v, _ := m.Get(key)
	sub, _ := v.(Map)
	return sub
}

// With returns a copy in which the string key has the value.
func (m Map) With(key string, value any) Map {
	m = slices.Clone(m)
	for i := range m {
		if m[i].Key == key {
			m[i].Value = value
			return m
		}
	}
	return append(m, Item{key, value})
}

// without returns a copy that lacks the string keys.
func (m Map) without(keys ...string) Map {
	return slices.DeleteFunc(slices.Clone(m), func(it Item) bool {
		key, ok := it.Key.(string)
		return ok && slices.Contains(keys, key)
	})
}
