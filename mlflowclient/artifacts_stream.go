package mlflowclient

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"

	"mlopsgo/internal/rest"
)

// file opens a file at the server. A page of a proxy or of a log-in must not pass for one: MLflow sends files as attachments.
func (a *api) file(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	resp, err := a.send(ctx, &rest.Request{
		Method: http.MethodGet, Path: path, Query: query, Header: a.header(path), Stream: true, Repeat: rest.Harmless,
	})
	if err != nil {
		return nil, err
	}
	if kindOf(resp) == "text/html" && resp.Header.Get("Content-Disposition") == "" {
		page, _ := io.ReadAll(io.LimitReader(resp.Stream, 1000))
		_ = resp.Stream.Close()
		return nil, notMLflow(http.MethodGet, path, resp, "the answer is a page and no file, which MLflow sends as an attachment", page)
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return &body{ReadCloser: resp.Stream, path: path, left: resp.Length}, nil
}

// store sends what is not JSON. No page must pass for the answer: MLflow's is empty or, by version and operation, of a kind of its own.
func (a *api) store(ctx context.Context, req *rest.Request, kind string) error {
	resp, err := a.send(ctx, req)
	if err != nil {
		return err
	}
	if got := kindOf(resp); len(resp.Body) > 0 && got != kind {
		return notMLflow(req.Method, req.Path, resp, fmt.Sprintf("the answer is %q and not MLflow's %s", got, kind), resp.Body)
	}
	return nil
}

func kindOf(resp *rest.Response) string {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return kind
}

func notMLflow(method, path string, resp *rest.Response, problem string, text []byte) *Error {
	return &Error{
		Status: resp.Status, Code: CodeInternalError, Method: method, Path: path, RequestID: resp.RequestID,
		Message: problem + " (does a proxy want a login?): " + rest.Excerpt(text),
	}
}

// body fails when less arrives than was announced: a cut answer must not pass for a whole file.
type body struct {
	io.ReadCloser
	path string
	left int64
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left >= 0 {
		b.left = max(0, b.left-int64(n))
	}
	if err == io.EOF && b.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && err != io.EOF {
		err = &Error{Method: http.MethodGet, Path: b.path, Err: fmt.Errorf("the content broke off: %w", err)}
	}
	return n, err
}
