package mlflowclient

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// transfer is one upload or download, of a file or of a folder.
type transfer struct {
	TransferOptions
	meter
}

// meter tells how far a transfer is.
type meter struct {
	report func(Progress)
	mu     sync.Mutex
	now    Progress
	last   time.Time
	whole  *meter // of what this is an attempt at, or nil
	over   bool   // the attempt was given up
}

// attempt counts for m what can be taken back at once.
func (m *meter) attempt() *meter { return &meter{whole: m} }

// giveUp takes back what an attempt has moved. What still moves counts no more.
func (m *meter) giveUp() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.over = true
	m.whole.moved(-m.now.Bytes)
}

func (s *ArtifactStore) begin(files int, size int64) *transfer {
	t := &transfer{TransferOptions: s.options}
	t.report, t.now = s.options.Progress, Progress{FilesTotal: files, BytesTotal: size}
	return t
}

const reportEvery = 100 * time.Millisecond

// moved counts bytes; a negative number takes back what an attempt had moved that is given up.
func (m *meter) moved(n int64) {
	if m.whole != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		if !m.over {
			m.now.Bytes += n
			m.whole.moved(n)
		}
		return
	}
	if m.report == nil || n == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Bytes += n
	if now := time.Now(); now.Sub(m.last) >= reportEvery {
		m.last = now
		m.report(m.now)
	}
}

// finished counts a file.
func (m *meter) finished() {
	if m.report == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Files++
	if m.now.Files == m.now.FilesTotal {
		m.now.BytesTotal = m.now.Bytes
	}
	m.report(m.now)
}

// content is what is uploaded.
type content struct {
	at   io.ReaderAt // can be read anywhere, and again
	once io.Reader   // can be read once; used when at is nil
	size int64       // negative when unknown
}

func contentOf(data []byte) content {
	return content{at: bytes.NewReader(data), size: int64(len(data))}
}

// section is length bytes from offset, of content that can be read anywhere.
func (c *content) section(offset, length int64) *io.SectionReader {
	return io.NewSectionReader(c.at, offset, length)
}

var errUsedUp = errors.New("the reader was used up by the attempt before")

// opener gives the whole content, once for each attempt, and counts what is read of it.
func (c *content) opener(m *meter) func() (io.ReadCloser, error) {
	if c.at != nil {
		return reopen(m, func() io.Reader { return c.section(0, c.size) })
	}
	begun := false
	return func() (io.ReadCloser, error) {
		if begun {
			return nil, errUsedUp
		}
		begun = true
		return &counted{Reader: c.once, meter: m}, nil
	}
}

// reopen counts what is read of a body that each attempt opens anew.
func reopen(m *meter, open func() io.Reader) func() (io.ReadCloser, error) {
	last := &counted{meter: m}
	return func() (io.ReadCloser, error) {
		last.undo()
		last = &counted{Reader: open(), meter: m}
		return last, nil
	}
}

// counted tells a meter what is read.
type counted struct {
	io.Reader
	meter *meter
	mu    sync.Mutex
	n     int64
	over  bool
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.count(int64(n))
	return n, err
}

func (c *counted) count(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over { // net/http may still read the body of an attempt that is given up
		c.n += n
		c.meter.moved(n)
	}
}

// Close leaves the content open: it is its owner's.
func (c *counted) Close() error { return nil }

// Unread is what is left of a section of a file: see [rest.FileBody].
func (c *counted) Unread() (file *os.File, offset, length int64) {
	section, ok := c.Reader.(*io.SectionReader)
	if !ok {
		return nil, 0, 0
	}
	at, offset, length := section.Outer()
	if file, ok = at.(*os.File); !ok {
		return nil, 0, 0
	}
	read, _ := section.Seek(0, io.SeekCurrent) // never fails
	return file, offset + read, length - read
}

// Skip counts what was sent past Read.
func (c *counted) Skip(n int64) {
	_, _ = c.Reader.(io.Seeker).Seek(n, io.SeekCurrent) // never fails; Unread gave a file, so it is a section
	c.count(n)
}

func (c *counted) undo() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	c.meter.moved(-c.n)
}

// several does something with every item, with some of them at once. The first error stops what is under way and is returned when all has
// stopped.
func several[T any](ctx context.Context, atOnce int, items []T, do func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan T)
	var workers sync.WaitGroup
	for range min(atOnce, len(items)) {
		workers.Go(func() {
			for item := range queue {
				if err := do(ctx, item); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, item := range items {
		if ctx.Err() != nil {
			break
		}
		select {
		case queue <- item:
		case <-ctx.Done():
		}
	}
	close(queue)
	workers.Wait()
	return context.Cause(ctx)
}
