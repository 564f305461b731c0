package mlflowclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"

	"mlopsgo/internal/s3"
)

// ranged is a file of a store that gives any part of it.
type ranged interface {
	// name is for errors.
	name() string
	// open gives length bytes from offset, of the same file as every time before, or fails.
	open(ctx context.Context, offset, length int64) (io.ReadCloser, error)
	// verifier is asked for after the first part has arrived; nil when the store keeps no checksum.
	verifier() *s3.Verifier
	// again waits before another attempt, and reports false when there is none.
	again(ctx context.Context, attempt int) bool
}

// span is a part of a file; done is closed when it has arrived whole.
type span struct {
	offset, length int64
	done           chan struct{}
}

// fetchRanges copies a file of a known size, some of its parts at once, and verifies it where the store keeps a checksum: in the order of the
// bytes, while later parts are still on their way.
func fetchRanges(ctx context.Context, from ranged, size int64, to *os.File, t *transfer, m *meter) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var spans []span
	for offset := int64(0); offset < size; offset += t.DownloadPart {
		spans = append(spans, span{offset, min(t.DownloadPart, size-offset), make(chan struct{})})
	}
	verified := make(chan error, 1)
	go func() {
		err := verifySpans(ctx, from, spans, to)
		if err != nil {
			cancel(err)
		}
		verified <- err
	}()
	err := several(ctx, t.Parts, spans, func(ctx context.Context, s span) error {
		err := fetchSpan(ctx, from, s, to, m)
		if err == nil {
			close(s.done)
		}
		return err
	})
	if err != nil {
		cancel(err)
	}
	if verifyErr := <-verified; err == nil {
		err = verifyErr
	}
	return err
}

func verifySpans(ctx context.Context, from ranged, spans []span, file *os.File) error {
	var verifier *s3.Verifier
	buffer := make([]byte, copyBuffer)
	for i, s := range spans {
		select {
		case <-s.done:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if i == 0 {
			if verifier = from.verifier(); verifier == nil {
				return nil
			}
		}
		if _, err := io.CopyBuffer(struct{ io.Writer }{verifier}, io.NewSectionReader(file, s.offset, s.length), buffer); err != nil {
			return err
		}
	}
	if verifier == nil {
		return nil
	}
	return verifier.Check()
}

const (
	copyBuffer = 256 << 10
	// enough is the progress after which a part that breaks off again gets all its attempts anew.
	enough = 1 << 20
)

// fetchSpan copies a part; when it breaks off, it goes on where it broke.
func fetchSpan(ctx context.Context, from ranged, s span, to *os.File, m *meter) error {
	buffer := make([]byte, min(copyBuffer, s.length))
	for attempt, since := 1, int64(0); ; attempt++ {
		body, err := from.open(ctx, s.offset, s.length)
		if err != nil {
			return err
		}
		n, err := copyAt(to, s.offset, io.LimitReader(body, s.length), buffer, m)
		_ = body.Close() // what was read counts
		s.offset += n
		s.length -= n
		if s.length == 0 {
			return nil
		}
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		if since += n; since >= enough {
			attempt, since = 1, 0
		}
		if _, local := errors.AsType[*fs.PathError](err); local || !from.again(ctx, attempt) {
			return brokeOff(err, from.name())
		}
	}
}

// copyAt writes what it reads into a file from offset on.
func copyAt(to io.WriterAt, offset int64, from io.Reader, buffer []byte, m *meter) (n int64, err error) {
	for {
		read, readErr := from.Read(buffer)
		if read > 0 {
			written, err := to.WriteAt(buffer[:read], offset+n)
			n += int64(written)
			m.moved(int64(written))
			if err != nil {
				return n, err
			}
		}
		if readErr == io.EOF {
			return n, nil
		}
		if readErr != nil {
			return n, readErr
		}
	}
}

// brokeOff is the error of a content that ended too early.
func brokeOff(err error, name string) error {
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	return &Error{Method: http.MethodGet, Path: name, Err: fmt.Errorf("the content broke off: %w", err)}
}
