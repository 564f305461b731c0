package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// maxBody bounds a request body. The largest legal one, log-batch at its limits, is below 10 MiB.
const maxBody = 64 << 20

// empty is the answer of an operation that has nothing to tell.
type empty struct{}

// RoundTrip answers one REST call as MLflow's server would: the request's path chooses the operation, its host does
// not matter. Failures of MLflow's kind come as answers with their status and JSON body; an error is returned only
// for a cancelled context, a body that cannot be read, and a closed store.
func (s *Store) RoundTrip(req *http.Request) (*http.Response, error) {
	defer func() {
		if req.Body != nil {
			_ = req.Body.Close()
		}
	}()
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.inFlight.Done()
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(io.LimitReader(req.Body, maxBody+1)); err != nil {
			return nil, fmt.Errorf("embedded MLflow store: reading the request body: %w", err)
		}
		if len(body) > maxBody {
			return textResponse(req, http.StatusRequestEntityTooLarge, "text/plain", "the request body is too large"), nil
		}
	}
	op, path, status := lookup(req.Method, req.URL.Path)
	if op == nil {
		return s.noRoute(req, status), nil
	}
	answer, err := op(s, req.Context(), &request{
		method: req.Method, query: req.URL.Query(), header: req.Header, body: body, path: path,
	})
	if err != nil {
		return s.failure(req, err)
	}
	return respond(req, answer)
}

func respond(req *http.Request, answer any) (*http.Response, error) {
	switch answer := answer.(type) {
	case plain:
		return textResponse(req, http.StatusOK, answer.contentType, answer.body), nil
	case *attachment:
		resp := response(req, http.StatusOK, "application/octet-stream", nil)
		resp.Header.Set("Content-Disposition", "attachment")
		resp.Body, resp.ContentLength = answer, answer.size
		return resp, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(answer); err != nil {
		return nil, fmt.Errorf("embedded MLflow store: %s %s: %w", req.Method, req.URL.Path, err)
	}
	return response(req, http.StatusOK, "application/json", b.Bytes()), nil
}

func (s *Store) failure(req *http.Request, err error) (*http.Response, error) {
	if ctxErr := req.Context().Err(); ctxErr != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return nil, fmt.Errorf("embedded MLflow store: %s %s: %w", req.Method, req.URL.Path, ctxErr)
	}
	if errors.Is(err, errServerFault) {
		return htmlResponse(req, http.StatusInternalServerError, "The server encountered an internal error and was unable to complete your request. Either the server is overloaded or there is an error in the application."), nil
	}
	failed, ok := errors.AsType[*apiError](err)
	if !ok {
		failed = &apiError{code: codeInternal, message: err.Error()}
	}
	return response(req, failed.status(), "application/json", failed.body()), nil
}

// onServers are the paths, or their beginnings, at which an MLflow server has more than this store.
var onServers = []string{
	"/api/", "/ajax-api/", "/gateway/", "/v1/traces", "/graphql", "/signup", "/static-files/", "/build/",
}

// noRoute answers a path that leads nowhere. One that an MLflow server may have and this store has not is told apart
// by the code NOT_IMPLEMENTED.
func (s *Store) noRoute(req *http.Request, status int) *http.Response {
	if status == http.StatusMethodNotAllowed {
		return htmlResponse(req, status, "The method is not allowed for the requested URL.")
	}
	path := req.URL.Path
	if path == "/" || slices.ContainsFunc(onServers, func(begin string) bool { return strings.HasPrefix(path, begin) }) {
		e := &apiError{code: codeNotImplemented, message: fmt.Sprintf("%s %s is not implemented by the embedded store; use an MLflow server (MLFLOW_TRACKING_URI=http://…) for it",
			req.Method, path)}
		return response(req, e.status(), "application/json", e.body())
	}
	return htmlResponse(req, http.StatusNotFound, "The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.")
}

// plain is an answer that is not JSON.
type plain struct{ contentType, body string }

func htmlResponse(req *http.Request, status int, sentence string) *http.Response {
	title := fmt.Sprintf("%d %s", status, http.StatusText(status))
	return textResponse(req, status, "text/html; charset=utf-8", fmt.Sprintf("<!doctype html>\n<html lang=en>\n<title>%s</title>\n<h1>%s</h1>\n<p>%s</p>\n",
		title, http.StatusText(status), sentence))
}

func textResponse(req *http.Request, status int, contentType, body string) *http.Response {
	return response(req, status, contentType, []byte(body))
}

func response(req *http.Request, status int, contentType string, body []byte) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {contentType}},
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       req,
	}
}
