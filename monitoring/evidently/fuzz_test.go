package evidently

import (
	"encoding/json"
	"testing"
	"time"
)

func FuzzSnapshotInfo(f *testing.F) {
	f.Add(`{"id":"a","name":null,"timestamp":"2026-11-20T00:00:00","metadata":{"k":"v","n":1},"tags":["t"],"links":{}}`)
	f.Add(`{"timestamp":"2026-11-20T00:00:00.123456+01:00"}`)
	f.Add(`{"timestamp":"yesterday"}`)
	f.Fuzz(func(t *testing.T, text string) {
		var info SnapshotInfo
		if json.Unmarshal([]byte(text), &info) == nil && info.Time.Location() != time.UTC {
			t.Errorf("%q gives a time in %v", text, info.Time.Location())
		}
	})
}

func FuzzTimeGoesThere(f *testing.F) {
	f.Add(int64(1_700_000_000_123_456))
	f.Fuzz(func(t *testing.T, micro int64) {
		const limit = 250_000_000_000_000_000 // years of four digits
		at := time.UnixMicro(micro % limit)
		if at.Year() < 1 || at.Year() > 9999 {
			return
		}
		back, err := parseTime(formatTime(at))
		if err != nil || !back.Equal(at) {
			t.Errorf("%v comes back as %v, %v", at, back, err)
		}
	})
}
