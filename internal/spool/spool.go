package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// Errors of a spool, found by errors.Is.
var (
	// ErrFull is Append's when the record would not fit into Options.MaxBytes.
	ErrFull = errors.New("the spool is full")
	// ErrInUse is that of Open and Lock when another process has the folder.
	ErrInUse = errors.New("the folder is used by another process")
)

// Options of a spool.
type Options struct {
	// MaxBytes bounds all segments together; 0 is 512 MiB.
	MaxBytes int64
	// SegmentBytes is the size from which on a segment is complete; 0 is 1 MiB, and a quarter of MaxBytes at most.
	SegmentBytes int64
}

// Stats are the figures of a spool.
type Stats struct {
	// Bytes are on disk. Items wait: those of records that were appended and are not done.
	Bytes, Items int64
	// Damaged bytes were passed over since Open, because they are no whole record.
	Damaged int64
}

// Spool is an open spool. Append, Sync and Unsynced belong to one goroutine, Next and Done to one, which may be another; Stats to all.
type Spool struct {
	dir     string
	options Options
	locked  io.Closer

	// mu keeps Done, which may empty the segment that is written, apart from Append.
	mu       sync.Mutex
	segments []*segment // the oldest first; the last is written when active is its file
	active   *os.File
	sequence uint64
	unsynced bool
	newFile  bool // the folder has not been synced since a file was made
	scratch  []byte

	// These are read without the lock, which is held while the disk works.
	bytes, items, damaged atomic.Int64

	reader reader
}

// Open makes the folder, or takes what an earlier process left in it. Close the spool.
func Open(dir string, options Options) (*Spool, error) {
	if options.MaxBytes == 0 {
		options.MaxBytes = 512 << 20
	}
	if options.SegmentBytes == 0 {
		options.SegmentBytes = min(1<<20, options.MaxBytes/4)
	}
	if options.MaxBytes < 0 || options.SegmentBytes <= 0 {
		return nil, fmt.Errorf("spool: %d bytes in segments of %d are too few", options.MaxBytes, options.SegmentBytes)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	locked, err := Lock(dir)
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	s := &Spool{dir: dir, options: options, locked: locked}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("spool: %w", errors.Join(err, locked.Close()))
	}
	return s, nil
}

// Append adds a record that stands for a number of items. It is there as a whole or, after an error, not at all.
func (s *Spool) Append(payload []byte, items int) error {
	if len(payload) > MaxRecord || items < 0 || items > 1<<31-1 {
		return fmt.Errorf("spool: a record of %d bytes and %d items; %d bytes are the most", len(payload), items, MaxRecord)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	size := int64(headerSize + len(payload))
	if s.bytes.Load()+size > s.options.MaxBytes {
		return ErrFull
	}
	if err := s.writable(); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	s.scratch = append(appendHeader(s.scratch[:0], payload, items), payload...)
	last := s.segments[len(s.segments)-1]
	if _, err := s.active.Write(s.scratch); err != nil {
		return fmt.Errorf("spool: %w", errors.Join(err, s.takeBack(last.size)))
	}
	last.size += size
	last.items += int64(items)
	s.bytes.Add(size)
	s.items.Add(int64(items))
	s.unsynced = true
	return nil
}

// takeBack removes what was written behind size. A file that does not let itself be shortened is not written to again.
func (s *Spool) takeBack(size int64) error {
	err := s.active.Truncate(size)
	if err != nil {
		err = errors.Join(err, s.active.Close())
		s.active = nil
	}
	return err
}

// writable makes sure that the last segment can be appended to.
func (s *Spool) writable() error {
	if s.active != nil && s.segments[len(s.segments)-1].size >= s.options.SegmentBytes {
		if err := s.seal(); err != nil {
			return err
		}
	}
	if s.active != nil {
		return nil
	}
	next := &segment{number: s.sequence + 1}
	file, err := os.OpenFile(s.path(next), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	s.sequence++
	s.active, s.newFile = file, true
	s.segments = append(s.segments, next)
	return nil
}

// seal completes the segment that is written.
func (s *Spool) seal() error {
	err := errors.Join(s.sync(), s.active.Close())
	s.active = nil
	return err
}

// Unsynced tells whether something waits that a power cut would take.
func (s *Spool) Unsynced() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unsynced && s.items.Load() > 0
}

// Sync brings what was appended to the disk itself.
func (s *Spool) Sync() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.sync(); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

func (s *Spool) sync() error {
	if s.active == nil || !s.unsynced {
		return nil
	}
	if err := s.active.Sync(); err != nil {
		return err
	}
	if s.newFile {
		if err := syncFolder(s.dir); err != nil {
			return err
		}
	}
	s.unsynced, s.newFile = false, false
	return nil
}

// syncFolder makes the names of new files last.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Stats tells how full the spool is.
func (s *Spool) Stats() Stats {
	return Stats{Bytes: s.bytes.Load(), Items: s.items.Load(), Damaged: s.damaged.Load()}
}

// Close syncs, and gives the folder free. What is not done is there for the next Open.
func (s *Spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.active != nil {
		err = s.seal()
	}
	if err = errors.Join(err, s.reader.close(), s.locked.Close()); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}
