package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/s3"
)

// How long to wait between attempts.
const (
	firstDataWait   = 500 * time.Millisecond
	longestDataWait = 30 * time.Second
)

// bodyOpener starts one attempt of a download. An attempt that may be repeated fails with a *passingError.
type bodyOpener func(ctx context.Context) (io.ReadCloser, error)

// passingError marks a failure after which the same download may succeed. A download changes nothing at the server, so every
// one is safe to repeat; the mark says that it is of use.
type passingError struct {
	err   error
	after time.Duration // how long the server asked to wait; 0 when it did not
}

func (e *passingError) Error() string { return e.err.Error() }
func (e *passingError) Unwrap() error { return e.err }

// fetch downloads into a temporary file, in as many attempts as it takes and may.
func (l *DataLoader) fetch(ctx context.Context, place dataPlace, open bodyOpener) (*dataFile, error) {
	temporary, err := os.CreateTemp("", "mlopsgo-data-*")
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	file := &dataFile{File: temporary, temporary: true}
	if file.size, err = l.attempts(ctx, temporary, open); err != nil {
		return nil, errors.Join(fmt.Errorf("data: download %s: %w", place.display, err), file.Close())
	}
	return file, nil
}

// attempts downloads until it works, is of no use to repeat, or was tried often enough. It returns the number of bytes.
func (l *DataLoader) attempts(ctx context.Context, file *os.File, open bodyOpener) (int64, error) {
	attempts := cmp.Or(l.Attempts, defaultDataAttempts)
	wait := cmp.Or(l.hooks.firstWait, firstDataWait)
	for attempt := 1; ; attempt++ {
		size, err := l.attempt(ctx, file, open)
		passing, again := errors.AsType[*passingError](err)
		switch {
		case !again:
			return size, err
		case passing.after > longestDataWait:
			return 0, fmt.Errorf("%w and asks to come back in %v", err, passing.after)
		case attempt == attempts && attempts > 1:
			return 0, fmt.Errorf("%w (tried %d times)", err, attempts)
		case attempt == attempts:
			return 0, err
		}
		if err := sleep(ctx, max(wait, passing.after)); err != nil {
			return 0, err
		}
		wait = min(2*wait, longestDataWait)
	}
}

// attempt downloads once and returns the number of bytes.
func (l *DataLoader) attempt(ctx context.Context, file *os.File, open bodyOpener) (int64, error) {
	timeout := cmp.Or(l.Timeout, defaultDataTimeout)
	tooSlow := fmt.Errorf("no complete answer within %v", timeout)
	limited, cancel := context.WithTimeoutCause(ctx, timeout, tooSlow)
	defer cancel()
	size, err := copyBody(limited, file, open, cmp.Or(l.MaxDownload, defaultMaxDownload))
	switch { // before err: a server that notices the end may close the body in good order, and it looks complete
	case ctx.Err() != nil:
		return 0, context.Cause(ctx)
	case limited.Err() != nil:
		return 0, tooSlow // not repeated: a server that is slow now is slow in a moment
	}
	return size, err
}

// copyBody writes the body over whatever an earlier attempt left in the file.
func copyBody(ctx context.Context, file *os.File, open bodyOpener, maxBytes int64) (int64, error) {
	body, err := open(ctx)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	if err := file.Truncate(0); err != nil {
		return 0, err
	}
	received := &receivedReader{r: io.LimitReader(body, maxBytes+1)}
	size, err := io.Copy(file, received)
	switch {
	case received.err != nil:
		return 0, &passingError{err: fmt.Errorf("cut off after %d bytes: %w", size, received.err)}
	case err != nil:
		return 0, err
	case size > maxBytes:
		return 0, fmt.Errorf("%w: more than %d bytes", dataset.ErrTooBig, maxBytes)
	}
	return size, nil
}

// receivedReader remembers the network's failure, which another attempt may not meet, apart from the disk's, which it will.
type receivedReader struct {
	r   io.Reader
	err error
}

func (r *receivedReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// sleep waits unless the context ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// openS3 makes the client for an object; the settings are looked at before any attempt.
func (l *DataLoader) openS3(ctx context.Context, place dataPlace) (bodyOpener, error) {
	client, err := newS3(ctx, l.Getenv)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", place.display, err)
	}
	return func(ctx context.Context) (io.ReadCloser, error) {
		return client.Get(ctx, place.object, cmp.Or(l.MaxDownload, defaultMaxDownload))
	}, nil
}

// newS3 makes a client with the settings that getenv gives; nil gives none, and the AWS SDK finds what it finds.
func newS3(ctx context.Context, getenv func(string) string) (*s3.Client, error) {
	var config s3.Config
	if getenv != nil {
		var err error
		if config, err = s3.ConfigFromEnv(getenv); err != nil {
			return nil, err
		}
	}
	config.OneCall = true // a step makes a few calls, and then others for minutes none
	return s3.New(ctx, config)
}
