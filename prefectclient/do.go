package prefectclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"mlopsgo/internal/rest"
)

// call is one request to the API. Body is sent as JSON unless nil.
type call struct {
	method string
	path   string
	query  url.Values
	body   any
	// repeat says whether the call may be carried out twice without harm.
	repeat rest.Repeat
}

func get(path string) call { return call{method: http.MethodGet, path: path, repeat: rest.Harmless} }

func read(path string, q any) call {
	return call{method: http.MethodPost, path: path, body: q, repeat: rest.Harmless}
}
func post(path string, b any) call { return call{method: http.MethodPost, path: path, body: b} }
func patch(path string, b any) call {
	return call{method: http.MethodPatch, path: path, body: b, repeat: rest.Harmless}
}

func remove(path string) call {
	return call{method: http.MethodDelete, path: path, repeat: rest.Harmless}
}

// harmless marks a call that sets a state, so that a second execution changes nothing.
func (c call) harmless() call { c.repeat = rest.Harmless; return c }

// pathOf joins escaped segments: pathOf("flows", "name", name) is /flows/name/….
func pathOf(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	return b.String()
}

// Do calls any operation of the API: the way to those that have no method here. The path starts after /api; in and out
// are JSON, and may be nil. POST calls are not repeated after an answer was lost, because they may not be harmless; they are
// when Prefect says that its database was busy, and after a status of [Settings.RetryExtraCodes].
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	req := call{method: method, path: path, body: in}
	if method != http.MethodPost {
		req.repeat = rest.Harmless
	}
	_, err := c.call(ctx, req, out)
	return err
}

// call sends a request and decodes a successful answer into out, unless nil.
func (c *Client) call(ctx context.Context, req call, out any) (*rest.Response, error) {
	resp, err := c.send(ctx, req)
	if err != nil {
		return nil, err
	}
	if !resp.OK() {
		return resp, answerError(req.method, req.path, resp)
	}
	if out == nil || len(resp.Body) == 0 {
		return resp, nil
	}
	return resp, decodeAnswer(req, resp, out)
}

// one sends a request whose answer is one object.
func one[T any](ctx context.Context, c *Client, req call) (*T, error) {
	var out T
	if _, err := c.call(ctx, req, &out); err != nil {
		return nil, err
	}
	return &out, nil
}

func decodeAnswer(req call, resp *rest.Response, out any) error {
	if err := json.Unmarshal(resp.Body, out); err != nil {
		return &Error{
			Status: resp.Status, Method: req.method, Path: req.path, RequestID: resp.RequestID,
			Message: fmt.Sprintf("the answer is not what Prefect sends (%v): %s", err, rest.Excerpt(resp.Body)),
		}
	}
	return nil
}

// send adds what changes need, a CSRF token, and fetches another when the server has forgotten it. It returns any answer.
func (c *Client) send(ctx context.Context, req call) (*rest.Response, error) {
	out := &rest.Request{Method: req.method, Path: req.path, Query: req.query, Repeat: req.repeat}
	if req.body != nil {
		body, err := json.Marshal(req.body)
		if err != nil {
			return nil, &Error{Method: req.method, Path: req.path, Err: fmt.Errorf("the body cannot be written as JSON: %w", err)}
		}
		out.Body = body
	}
	for attempt := 0; ; attempt++ {
		if req.method != http.MethodGet {
			header, err := c.csrf.header(ctx, c)
			if err != nil {
				return nil, err
			}
			out.Header = header
		}
		resp, err := c.http.Do(ctx, out)
		if err != nil {
			return nil, transportError(req, err)
		}
		sent := out.Header.Get(csrfTokenHeader)
		forgotten := sent != "" && resp.Status == http.StatusForbidden && strings.Contains(string(resp.Body), "Invalid CSRF token")
		if !forgotten || attempt >= c.settings.MaxRetries {
			return resp, nil
		}
		c.csrf.forget(sent)
	}
}

func transportError(req call, err error) *Error {
	if transport, ok := errors.AsType[*rest.TransportError](err); ok {
		return &Error{Method: req.method, Path: req.path, RequestID: transport.RequestID, Err: transport.Err}
	}
	return &Error{Method: req.method, Path: req.path, Err: err}
}

// mustJSON is for values that are JSON already by their type.
func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		return []byte("null")
	}
	return data
}
