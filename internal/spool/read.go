package spool

import (
	"errors"
	"fmt"
	"os"
)

// reader is where reading stands: in the oldest segment.
type reader struct {
	file   *os.File
	chunk  []byte // read and not passed yet
	buffer []byte // behind chunk
	offset int64  // of chunk's beginning
	length int    // of the record that Next gave, with its header; 0 when there is none
	items  int
}

// readBytes is how much is read at once; a record that is longer makes it grow, up to a segment.
const readBytes = 1 << 20

func (r *reader) close() error {
	file := r.file
	*r = reader{buffer: r.buffer}
	if file == nil {
		return nil
	}
	return file.Close()
}

// Next gives the oldest record that is not done, and the items that it stands for, the same one until Done is called; nil when there is
// none. It is valid until then.
func (s *Spool) Next() (payload []byte, items int, err error) {
	for {
		oldest, size, sealed := s.oldest()
		if oldest == nil {
			return nil, 0, nil
		}
		payload, err := s.read(oldest, size, sealed)
		if err != nil {
			return nil, 0, fmt.Errorf("spool: %w", err)
		}
		if payload != nil || !sealed {
			return payload, s.reader.items, nil
		}
		if err := s.remove(oldest); err != nil {
			return nil, 0, fmt.Errorf("spool: %w", err)
		}
	}
}

// oldest is the segment to read, with the size up to which it is written, and whether that is its end.
func (s *Spool) oldest() (of *segment, size int64, sealed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.segments) == 0 {
		return nil, 0, false
	}
	of = s.segments[0]
	return of, of.size, len(s.segments) > 1 || s.active == nil
}

// read gives the next record of a segment, nil when there is none up to size.
func (s *Spool) read(of *segment, size int64, sealed bool) ([]byte, error) {
	r := &s.reader
	for {
		more := size - r.offset - int64(len(r.chunk))
		payload, items, skipped := find(r.chunk, more)
		if payload != nil {
			s.pass(skipped)
			r.length, r.items = headerSize+len(payload), items
			return payload, nil
		}
		if more == 0 {
			if sealed { // nothing will come that makes a record of the rest
				s.pass(skipped)
			}
			return nil, nil
		}
		if err := s.fill(of, min(size-r.offset, max(readBytes, 2*int64(len(r.chunk))))); err != nil {
			return nil, err
		}
	}
}

// fill reads the segment from the reader's offset on.
func (s *Spool) fill(of *segment, length int64) (err error) {
	r := &s.reader
	if r.file == nil {
		if r.file, err = os.Open(s.path(of)); err != nil {
			return err
		}
	}
	if int64(cap(r.buffer)) < length {
		r.buffer = make([]byte, length)
	}
	r.chunk = r.buffer[:length]
	n, err := r.file.ReadAt(r.chunk, r.offset)
	if n < len(r.chunk) {
		r.chunk = nil
		return fmt.Errorf("%s is shorter than it was: %w", s.path(of), err)
	}
	return nil
}

// pass counts bytes that are no record.
func (s *Spool) pass(damaged int) {
	if damaged == 0 {
		return
	}
	s.reader.chunk = s.reader.chunk[damaged:]
	s.reader.offset += int64(damaged)
	s.damaged.Add(int64(damaged))
}

// Done forgets the record that Next gave. The segment of the last one is emptied or deleted with it.
func (s *Spool) Done() error {
	r := &s.reader
	if r.length == 0 {
		return errors.New("spool: Done without a record of Next")
	}
	r.chunk = r.chunk[r.length:]
	r.offset += int64(r.length)
	s.mu.Lock()
	of := s.segments[0]
	items := min(int64(r.items), of.items) // a damaged segment was not counted whole
	of.items -= items
	s.items.Add(-items)
	sealed := len(s.segments) > 1 || s.active == nil
	drained := r.offset == of.size
	var err error
	if drained && !sealed {
		err = s.empty(of)
	}
	s.mu.Unlock()
	r.length = 0
	if drained && sealed {
		err = s.remove(of)
	}
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

// empty gives the room of the segment that is written back, with the lock held: so a spool that is drained at once stays one small file.
func (s *Spool) empty(of *segment) error {
	if err := s.active.Truncate(0); err != nil {
		return err
	}
	s.bytes.Add(-of.size)
	of.size = 0
	s.reader.offset, s.reader.chunk = 0, nil
	s.unsynced = false
	return nil
}

// remove deletes a segment that was read to its end.
func (s *Spool) remove(of *segment) error {
	if err := s.reader.close(); err != nil {
		return err
	}
	if err := os.Remove(s.path(of)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segments = s.segments[1:]
	s.bytes.Add(-of.size)
	s.items.Add(-of.items)
	return nil
}
