package rest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/go-resty/resty/v2"
)

// RequestIDHeader carries the id of a call; all attempts of one call share it.
const RequestIDHeader = "X-Request-ID"

// Do sends the request, repeats it as [Decide] says, and returns the last answer. The error, if any, is a
// [*TransportError], and means that there was no answer.
func (c *Client) Do(ctx context.Context, req *Request) (*Response, error) {
	id := newRequestID()
	var last *Response
	var lastErr error
	uncertain := false
	for attempt := 1; ; attempt++ {
		resp, fate, err := c.attempt(ctx, req, id)
		if errors.Is(err, errReopen) && attempt > 1 {
			break
		}
		last, lastErr = resp, err
		if resp != nil {
			resp.Attempts, resp.RequestID = attempt, id
			if given := resp.Header.Get(RequestIDHeader); given != "" {
				resp.RequestID = given
			}
		}
		verdict := Decide(Outcome{
			Repeat: req.Repeat, Response: resp, Err: err, Unreached: fate == unreached,
			Repeatable: resp != nil && c.repeat != nil && c.repeat(resp.Status, resp.Header, resp.Body),
			Final:      c.isFinal(resp),
		})
		if err != nil || resp.Status >= 500 {
			uncertain = uncertain || !verdict.Untouched
		}
		if resp != nil {
			resp.Uncertain = uncertain
		}
		if !verdict.Again || attempt > c.backoff.Retries || ctx.Err() != nil {
			break
		}
		wait, ok := c.backoff.wait(attempt, resp, time.Now())
		if !ok || !sleep(ctx, wait) {
			break
		}
	}
	if lastErr != nil {
		return nil, &TransportError{Method: req.Method, URL: c.base + req.Path, RequestID: id, Uncertain: uncertain, Err: explain(ctx, lastErr)}
	}
	return last, nil
}

// isFinal says whether asking again is pointless; without an answer it depends on what could have lost it.
func (c *Client) isFinal(resp *Response) bool {
	if resp == nil {
		return c.inProcess
	}
	return c.final != nil && Transient(resp.Status) && c.final(resp.Status, resp.Header, resp.Body)
}

// fate is how far an attempt came.
type fate int

const (
	reached   fate = iota // a connection stood: the server may have seen it
	unreached             // no connection stood
)

// errReopen marks a body that could not be had (again).
var errReopen = errors.New("the body cannot be read")

func (c *Client) attempt(ctx context.Context, req *Request, id string) (*Response, fate, error) {
	ctx, watch := newWatch(ctx, c.timeout, req.Open != nil || req.Stream)
	resp, fate, err := c.send(ctx, watch, req, id)
	if err != nil {
		watch.stop()
		return nil, fate, watch.cause(err)
	}
	out := &Response{Status: resp.StatusCode(), Header: resp.Header(), Length: resp.RawResponse.ContentLength}
	body := &download{ReadCloser: resp.RawBody(), watch: watch}
	if req.Stream && out.OK() {
		out.Stream = body
		return out, fate, nil
	}
	out.Body, err = readLimited(body, c.maxBody)
	_ = body.Close() // stops the watch; a body that was read has nothing left to fail
	if err != nil {
		return nil, fate, watch.cause(fmt.Errorf("reading the answer (status %d): %w", out.Status, err))
	}
	return out, fate, nil
}

func (c *Client) send(ctx context.Context, watch *watch, req *Request, id string) (*resty.Response, fate, error) {
	var connected atomic.Bool
	if c.traceable {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
		})
	} else {
		// An in-process or foreign transport does not tell; assume the worst.
		connected.Store(true)
	}
	call := c.resty.R().SetDoNotParseResponse(true)
	call.SetHeader(RequestIDHeader, id)
	for key, values := range req.Header {
		call.Header[http.CanonicalHeaderKey(key)] = values
	}
	if len(req.Query) > 0 {
		call.SetQueryParamsFromValues(req.Query)
	}
	switch {
	case req.Open != nil:
		body, err := req.Open()
		if err != nil {
			return nil, unreached, fmt.Errorf("%w: %w", errReopen, err)
		}
		call.SetHeader("Content-Type", contentType(req, "application/octet-stream"))
		stream := &stream{body: &upload{ReadCloser: body, watch: watch}, length: req.Length}
		defer stream.end()
		ctx = context.WithValue(ctx, streamKey{}, stream)
	case req.Body != nil:
		call.SetHeader("Content-Type", contentType(req, "application/json"))
		call.SetBody(req.Body)
	}
	resp, err := call.SetContext(ctx).Execute(req.Method, c.base+req.Path)
	if err != nil && !connected.Load() {
		return nil, unreached, err
	}
	return resp, reached, err
}

func contentType(req *Request, otherwise string) string {
	if req.ContentType != "" {
		return req.ContentType
	}
	return otherwise
}

// stream is a body past resty, which would read all of it into memory to be able to send it again.
type stream struct {
	body   io.ReadCloser
	length int64
	taken  bool // by net/http, which closes it
}

func (s *stream) end() {
	if !s.taken {
		_ = s.body.Close() // nothing of it was sent, which has another error
	}
}

// streamKey carries a stream to setBody, which resty calls when it has made the request.
type streamKey struct{}

func setBody(_ *resty.Client, req *http.Request) error {
	s, ok := req.Context().Value(streamKey{}).(*stream)
	if !ok {
		return nil
	}
	if s.length == 0 {
		// net/http takes 0 with a body for "unknown" and would send chunks.
		req.Body = http.NoBody
		return nil
	}
	s.taken = true
	req.Body, req.ContentLength = s.body, s.length
	return nil
}

func readLimited(r io.Reader, limit int) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(body) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", errTooLarge, limit)
	}
	return body, nil
}

func newRequestID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

func sleep(ctx context.Context, wait time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
		return false
	}
	return Wait(ctx, wait)
}

// Again waits as long as before the repetition that follows the given attempt (from 1), and reports false when there is none left or the
// context ends. It is for callers that read a stream which broke off.
func (c *Client) Again(ctx context.Context, attempt int) bool {
	if attempt > c.backoff.Retries || ctx.Err() != nil {
		return false
	}
	wait, ok := c.backoff.wait(attempt, nil, time.Now())
	return ok && sleep(ctx, wait)
}

// Wait sleeps, and reports false when the context ended before.
func Wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
