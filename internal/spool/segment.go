package spool

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// segment is one file.
type segment struct {
	number      uint64
	size, items int64 // items are those that are not done
}

const suffix = ".spool"

func (s *Spool) path(of *segment) string {
	return filepath.Join(s.dir, fmt.Sprintf("%016x%s", of.number, suffix))
}

// load lists the segments that an earlier process left. They are not written to again: their last record may be torn.
func (s *Spool) load() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), suffix)
		number, err := strconv.ParseUint(name, 16, 64)
		if !ok || err != nil || len(name) != 16 {
			continue // not ours
		}
		found := &segment{number: number}
		if err := s.measure(found); err != nil {
			return err
		}
		s.segments = append(s.segments, found)
		s.bytes.Add(found.size)
		s.items.Add(found.items)
		s.sequence = max(s.sequence, number)
	}
	slices.SortFunc(s.segments, func(a, b *segment) int { return cmp.Compare(a.number, b.number) })
	return nil
}

// measure reads the headers of a segment, up to the first that is none: more is known when the records are read.
func (s *Spool) measure(of *segment) (err error) {
	file, err := os.Open(s.path(of))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	of.size = info.Size()
	var head [headerSize]byte
	for at := int64(0); at < of.size; {
		if _, err := file.ReadAt(head[:], at); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		h, ok := readHeader(head[:])
		at += headerSize + int64(h.length)
		if !ok || at > of.size {
			return nil
		}
		of.items += int64(h.items)
	}
	return nil
}
