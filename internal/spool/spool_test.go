package spool_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"mlopsgo/internal/spool"
)

func open(t *testing.T, dir string, options spool.Options) *spool.Spool {
	t.Helper()
	s, err := spool.Open(dir, options)
	must(t, err)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// take reads up to n records and forgets them.
func take(t *testing.T, s *spool.Spool, n int) []string {
	t.Helper()
	var all []string
	for len(all) < n {
		payload, _, err := s.Next()
		must(t, err)
		if payload == nil {
			break
		}
		all = append(all, string(payload))
		must(t, s.Done())
	}
	return all
}

func records(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("record %d %s", i, strings.Repeat("x", i%50)))
	}
	return all
}

func TestRecordsStandForTheirItems(t *testing.T) {
	s, err := spool.Open(t.TempDir(), spool.Options{})
	must(t, err)
	for items := range 3 {
		must(t, s.Append([]byte("record"), items))
	}
	for want := range 3 {
		if _, items, err := s.Next(); err != nil || items != want {
			t.Errorf("%d items, want %d (%v)", items, want, err)
		}
		must(t, s.Done())
	}
	must(t, s.Close())
}

func appendAll(t *testing.T, s *spool.Spool, all []string) {
	t.Helper()
	for _, one := range all {
		must(t, s.Append([]byte(one), 2))
	}
}

func equal(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%d records, want %d:\n%.300q\n%.300q", len(got), len(want), got, want)
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.spool"))
	must(t, err)
	return found
}

func TestOrderAndRoom(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, spool.Options{SegmentBytes: 1000})
	equal(t, take(t, s, 1), nil)
	all := records(200)
	appendAll(t, s, all[:100])
	if stats := s.Stats(); stats.Items != 200 || len(files(t, dir)) < 3 || stats.Damaged != 0 {
		t.Errorf("%+v in %d files", stats, len(files(t, dir)))
	}
	equal(t, take(t, s, 60), all[:60])
	appendAll(t, s, all[100:])
	equal(t, take(t, s, 1000), all[60:])
	// What is drained at once needs one small file, however much goes through it.
	for i := range 100 {
		appendAll(t, s, all[i:i+1])
		equal(t, take(t, s, 10), all[i:i+1])
	}
	if stats := s.Stats(); stats != (spool.Stats{}) || len(files(t, dir)) != 1 || s.Unsynced() {
		t.Errorf("%+v in %d files", stats, len(files(t, dir)))
	}
	must(t, s.Close())
}

func TestWhatIsNotDoneComesAgain(t *testing.T) {
	dir := t.TempDir()
	all := records(100)
	s := open(t, dir, spool.Options{SegmentBytes: 1000})
	appendAll(t, s, all)
	if !s.Unsynced() {
		t.Error("nothing to be synced")
	}
	must(t, s.Sync())
	if s.Unsynced() {
		t.Error("something to be synced after Sync")
	}
	done := take(t, s, 50)
	must(t, s.Close())

	s = open(t, dir, spool.Options{SegmentBytes: 1000})
	if stats := s.Stats(); stats.Items < 100 || stats.Items >= 200 {
		t.Errorf("%+v", stats)
	}
	appendAll(t, s, []string{"new"})
	got := take(t, s, 1000)
	again := len(got) - 51
	if again < 0 || again > 30 { // a segment holds about twenty
		t.Fatalf("%d records come again", again)
	}
	equal(t, got, append(append(slices.Clone(done[50-again:]), all[50:]...), "new"))
	if stats := s.Stats(); stats != (spool.Stats{}) {
		t.Errorf("%+v", stats)
	}
	must(t, s.Close())
}

func TestFull(t *testing.T) {
	s := open(t, t.TempDir(), spool.Options{MaxBytes: 2000})
	record := bytes.Repeat([]byte("x"), 80)
	for range 20 {
		must(t, s.Append(record, 1))
	}
	if err := s.Append(record, 1); !errors.Is(err, spool.ErrFull) {
		t.Errorf("error %v, want ErrFull", err)
	}
	take(t, s, 6) // a segment of 500 bytes
	must(t, s.Append(record, 1))
	if got := take(t, s, 100); len(got) != 15 {
		t.Errorf("%d records", len(got))
	}
	for name, err := range map[string]error{
		"a huge record":  s.Append(make([]byte, spool.MaxRecord+1), 1),
		"negative items": s.Append(nil, -1),
	} {
		if err == nil {
			t.Error(name + " is taken")
		}
	}
	if err := s.Done(); err == nil {
		t.Error("Done twice")
	}
	must(t, s.Close())
	if _, err := spool.Open(t.TempDir(), spool.Options{MaxBytes: -1}); err == nil {
		t.Error("no error for negative room")
	}
}

func TestOneProcessOnly(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, spool.Options{})
	if _, err := spool.Open(dir, spool.Options{}); !errors.Is(err, spool.ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v, want ErrInUse", err)
	}
	must(t, s.Close())
	must(t, open(t, dir, spool.Options{}).Close())
}

// TestDamage changes the file between two processes: at its end, as one that is killed leaves it, and in its middle.
func TestDamage(t *testing.T) {
	all := records(30)
	size := func(n int) (bytes int) {
		for _, one := range all[:n] {
			bytes += 20 + len(one)
		}
		return bytes
	}
	for name, test := range map[string]struct {
		change  func(data []byte) []byte
		want    []string
		damaged int
	}{
		"torn in a payload":  {func(d []byte) []byte { return d[:len(d)-1] }, all[:29], size(30) - size(29) - 1},
		"torn in a header":   {func(d []byte) []byte { return d[:size(29)+7] }, all[:29], 7},
		"zeros at the end":   {func(d []byte) []byte { return append(d, make([]byte, 100)...) }, all, 100},
		"a payload changed":  {func(d []byte) []byte { d[size(10)+21] ^= 1; return d }, slices.Delete(slices.Clone(all), 10, 11), size(11) - size(10)},
		"a length changed":   {func(d []byte) []byte { d[size(10)+4] ^= 1; return d }, slices.Delete(slices.Clone(all), 10, 11), size(11) - size(10)},
		"a page of zeros":    {func(d []byte) []byte { clear(d[size(10)+5 : size(12)+5]); return d }, slices.Delete(slices.Clone(all), 10, 13), size(13) - size(10)},
		"nothing":            {func(d []byte) []byte { return d }, all, 0},
		"everything is lost": {func(d []byte) []byte { clear(d); return d }, nil, size(30)},
		"an empty file":      {func([]byte) []byte { return nil }, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, spool.Options{})
			appendAll(t, s, all)
			must(t, s.Close())
			data, err := os.ReadFile(files(t, dir)[0])
			must(t, err)
			must(t, os.WriteFile(files(t, dir)[0], test.change(data), 0o600))
			must(t, os.WriteFile(filepath.Join(dir, "not-ours.spool"), []byte("x"), 0o600))
			s = open(t, dir, spool.Options{})
			appendAll(t, s, []string{"after it"})
			equal(t, take(t, s, 100), append(slices.Clone(test.want), "after it"))
			if stats := s.Stats(); stats.Damaged != int64(test.damaged) || stats.Items != 0 || stats.Bytes != 0 {
				t.Errorf("%+v, want %d damaged", stats, test.damaged)
			}
			must(t, s.Close())
		})
	}
}

// TestRecordsLongerThanWhatIsReadAtOnce holds records in records: what a record contains is not taken for one.
func TestRecordsLongerThanWhatIsReadAtOnce(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, spool.Options{})
	appendAll(t, s, records(3))
	must(t, s.Close())
	inner, err := os.ReadFile(files(t, dir)[0])
	must(t, err)
	s = open(t, dir, spool.Options{})
	take(t, s, 3)
	long := append(bytes.Repeat(inner, 1000), make([]byte, 3<<20)...)
	for range 2 {
		must(t, s.Append(long, 1))
		must(t, s.Append(inner, 1))
	}
	equal(t, take(t, s, 9), []string{string(long), string(inner), string(long), string(inner)})
	must(t, s.Close())
}

func TestBothEndsAtOnce(t *testing.T) {
	s := open(t, t.TempDir(), spool.Options{SegmentBytes: 2000, MaxBytes: 20000})
	all := records(3000)
	var group sync.WaitGroup
	group.Go(func() {
		for _, one := range all {
			for errors.Is(s.Append([]byte(one), 1), spool.ErrFull) {
			}
			if s.Unsynced() && len(one)%10 == 0 {
				_ = s.Sync()
			}
		}
	})
	var got []string
	for len(got) < len(all) {
		got = append(got, take(t, s, 100)...)
	}
	group.Wait()
	equal(t, got, all)
	if stats := s.Stats(); stats != (spool.Stats{}) {
		t.Errorf("%+v", stats)
	}
	must(t, s.Close())
}

// FuzzSegment reads a file of any content: it must end, and what was appended after it must come.
func FuzzSegment(f *testing.F) {
	dir := f.TempDir()
	s, err := spool.Open(dir, spool.Options{})
	if err != nil {
		f.Fatal(err)
	}
	for _, one := range []string{"a", "MLSP", strings.Repeat("b", 100)} {
		if err := s.Append([]byte(one), 3); err != nil {
			f.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	seed, err := os.ReadFile(filepath.Join(dir, "0000000000000001.spool"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:len(seed)-3])
	f.Add(append([]byte("MLSPMLSP"), seed...))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, "0000000000000001.spool"), data, 0o600))
		s := open(t, dir, spool.Options{})
		must(t, s.Append([]byte("after it"), 1))
		got := take(t, s, len(data)+2)
		if len(got) == 0 || got[len(got)-1] != "after it" {
			t.Errorf("%q", got)
		}
		read := 0
		for _, one := range got[:len(got)-1] {
			read += 20 + len(one)
		}
		if stats := s.Stats(); stats.Items != 0 || stats.Bytes != 0 || int(stats.Damaged) != len(data)-read {
			t.Errorf("%+v after %d of %d bytes", stats, read, len(data))
		}
		must(t, s.Close())
	})
}
