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

// bodyOpener starts one attempt of a download, from where an earlier one was cut off if the server can. An attempt that may be repeated fails
// with a *passingError.
type bodyOpener func(ctx context.Context, have resumePoint) (*dataBody, error)

// resumePoint is what an attempt that was cut off leaves: the first size bytes of what its validator names. The zero value is nothing.
type resumePoint struct {
	size      int64
	validator string // a strong ETag (RFC 9110, 13.1.5)
}

// dataBody is what a server answers.
type dataBody struct {
	io.ReadCloser
	from      int64  // the first byte's place in the whole: 0, or that of the resumePoint
	size      int64  // of the whole; -1 when the server does not say
	validator string // for a resumePoint; empty when the server cannot go on
	etag      string // of the whole, strong or weak; empty when there is none
}

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
	if err = l.attempts(ctx, file, open); err != nil {
		return nil, errors.Join(fmt.Errorf("data: download %s: %w", place.display, err), file.Close())
	}
	return file, nil
}

// attempts downloads until it works, is of no use to repeat, or was tried often enough.
func (l *DataLoader) attempts(ctx context.Context, file *dataFile, open bodyOpener) error {
	have := resumePoint{}
	attempts := cmp.Or(l.Attempts, defaultDataAttempts)
	wait := cmp.Or(l.hooks.firstWait, firstDataWait)
	for attempt := 1; ; attempt++ {
		err := l.attempt(ctx, file, open, &have)
		passing, again := errors.AsType[*passingError](err)
		switch {
		case !again:
			return err
		case passing.after > longestDataWait:
			return fmt.Errorf("%w and asks to come back in %v", err, passing.after)
		case attempt == attempts && attempts > 1:
			return fmt.Errorf("%w (tried %d times)", err, attempts)
		case attempt == attempts:
			return err
		}
		if err := sleep(ctx, max(wait, passing.after)); err != nil {
			return err
		}
		wait = min(2*wait, longestDataWait)
	}
}

// attempt downloads once, and keeps in have what another may go on from.
func (l *DataLoader) attempt(ctx context.Context, file *dataFile, open bodyOpener, have *resumePoint) error {
	timeout := cmp.Or(l.Timeout, defaultDataTimeout)
	tooSlow := fmt.Errorf("no complete answer within %v", timeout)
	limited, cancel := context.WithTimeoutCause(ctx, timeout, tooSlow)
	defer cancel()
	err := l.copyBody(limited, file, open, have)
	switch { // before err: a server that notices the end may close the body in good order, and it looks complete
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case limited.Err() != nil:
		return tooSlow // not repeated: a server that is slow now is slow in a moment
	}
	return err
}

// copyBody writes the body behind what is there already when it goes on from it, else over whatever an earlier attempt left in the file.
func (l *DataLoader) copyBody(ctx context.Context, file *dataFile, open bodyOpener, have *resumePoint) error {
	body, err := open(ctx, *have)
	if errors.Is(err, errBeyond) {
		*have = resumePoint{} // it may have changed since, or all of it came: only the whole tells
	}
	if err != nil {
		return err
	}
	defer body.Close()
	if _, err := file.Seek(body.from, io.SeekStart); err != nil {
		return err
	}
	if err := file.Truncate(body.from); err != nil {
		return err
	}
	maxBytes := cmp.Or(l.MaxDownload, defaultMaxDownload)
	received := &receivedReader{r: io.LimitReader(body, maxBytes+1-body.from), at: body.from, total: body.size, told: l.OnProgress}
	written, err := io.Copy(file, received)
	size := body.from + written
	*have = resumePoint{}
	if body.validator != "" {
		*have = resumePoint{size, body.validator}
	}
	switch {
	case received.err != nil:
		return &passingError{err: fmt.Errorf("cut off after %d bytes: %w", size, received.err)}
	case err != nil:
		return err
	case size > maxBytes:
		return fmt.Errorf("%w: more than %d bytes", dataset.ErrTooBig, maxBytes)
	}
	file.size, file.etag = size, body.etag
	return nil
}

// receivedReader remembers the network's failure, which another attempt may not meet, apart from the disk's, which it will.
type receivedReader struct {
	r         io.Reader
	err       error
	at, total int64
	told      func(done, total int64)
}

func (r *receivedReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	if r.at += int64(n); n > 0 && r.told != nil {
		r.told(r.at, r.total)
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
	return func(ctx context.Context, _ resumePoint) (*dataBody, error) {
		object, err := client.Get(ctx, place.object, cmp.Or(l.MaxDownload, defaultMaxDownload))
		if err != nil {
			return nil, err
		}
		return &dataBody{ReadCloser: object, size: object.Size, etag: object.ETag}, nil
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
