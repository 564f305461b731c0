package mlflowclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"mlopsgo/internal/s3"
)

// partUpload is an upload in parts that has begun.
type partUpload interface {
	// part stores a part, numbered from 1, and returns the ETag that the store gave it.
	part(ctx context.Context, number int, content io.ReadSeeker, size int64) (etag string, err error)
	// complete makes the file.
	complete(ctx context.Context, etags []string) error
	// etag is that of the file as it is now.
	etag(ctx context.Context) (string, error)
	// abort throws the parts away.
	abort(ctx context.Context) error
}

// abortTimeout is how long the end of a failed upload may take, after the caller's context has ended.
const abortTimeout = 30 * time.Second

// filePart is a part on its way.
type filePart struct {
	number  int
	content io.ReadSeeker
	size    int64
	buffer  *bytes.Buffer // to be used again, or nil
}

// partSize is the size of parts of a file: what was asked for, or more where a store would not take so many.
func partSize(asked, size int64) int64 {
	return max(asked, (size+s3.MaxParts-1)/s3.MaxParts)
}

// uploadParts sends parts, some at once, and makes the file of them. When anything fails, nothing of it is left.
func uploadParts(ctx context.Context, up partUpload, t *transfer, next func() (*filePart, error)) (err error) {
	defer func() {
		if err == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
		defer cancel()
		if abortErr := up.abort(ctx); abortErr != nil {
			err = errors.Join(err, fmt.Errorf("the parts stored so far could not be thrown away: %w", abortErr))
		}
	}()
	etags, err := sendParts(ctx, up, t, next)
	if err != nil {
		return err
	}
	completeErr := up.complete(ctx, etags)
	if completeErr == nil {
		return nil
	}
	// The answer may have been lost, or a repetition refused because the first attempt had succeeded. The file tells.
	if want := s3.ETagOfParts(etags); want != "" {
		if got, err := up.etag(ctx); err == nil && got == want {
			return nil
		}
	}
	return completeErr
}

// sendParts keeps a fixed number of parts on their way, and returns their ETags by number.
func sendParts(ctx context.Context, up partUpload, t *transfer, next func() (*filePart, error)) ([]string, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex // of what follows, and of next
	var etags []string
	take := func() *filePart {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil {
			return nil
		}
		p, err := next()
		if err != nil {
			cancel(err)
			return nil
		}
		if p != nil {
			etags = append(etags, "")
			p.number = len(etags)
		}
		return p
	}
	var workers sync.WaitGroup
	for range t.Parts {
		workers.Go(func() {
			for p := take(); p != nil; p = take() {
				etag, err := up.part(ctx, p.number, p.content, p.size)
				if err != nil {
					cancel(fmt.Errorf("part %d: %w", p.number, err))
					return
				}
				mu.Lock()
				etags[p.number-1] = etag
				mu.Unlock()
				p.release()
			}
		})
	}
	workers.Wait()
	return etags, context.Cause(ctx)
}

// sections cuts content that can be read anywhere into parts.
func sections(c *content, size int64) func() (*filePart, error) {
	offset := int64(0)
	return func() (*filePart, error) {
		length := min(size, c.size-offset)
		if length <= 0 {
			return nil, nil
		}
		p := &filePart{content: c.section(offset, length), size: length}
		offset += length
		return p, nil
	}
}

// partBuffers are shared by all uploads from readers.
var partBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (p *filePart) release() {
	if p.buffer != nil {
		partBuffers.Put(p.buffer)
		p.buffer = nil
	}
}

// pieces cuts content that can be read only once into parts that are held in memory. first, unless nil, is what was read of it already.
func pieces(c *content, size int64, first *filePart) func() (*filePart, error) {
	read, ended := int64(0), false
	return func() (*filePart, error) {
		p := first
		first = nil
		if p == nil {
			if ended {
				return nil, nil
			}
			var err error
			if p, err = readPiece(c.once, size); err != nil {
				return nil, err
			}
		}
		read += p.size
		ended = p.size < size
		if ended && c.size >= 0 && read != c.size {
			p.release()
			return nil, fmt.Errorf("the reader gave %d bytes of %d", read, c.size)
		}
		if p.size == 0 {
			p.release()
			return nil, nil
		}
		return p, nil
	}
}

// readPiece reads up to size bytes; fewer are the last.
func readPiece(r io.Reader, size int64) (*filePart, error) {
	buffer := partBuffers.Get().(*bytes.Buffer) // nothing else is put there
	buffer.Reset()
	n, err := io.CopyN(buffer, r, size)
	if err != nil && !errors.Is(err, io.EOF) {
		partBuffers.Put(buffer)
		return nil, err
	}
	return &filePart{content: bytes.NewReader(buffer.Bytes()), size: n, buffer: buffer}, nil
}
