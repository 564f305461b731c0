package mlflowclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"mlopsgo/internal/rest"
)

const (
	apiPrefix       = "/api/2.0/mlflow/"
	workspaceHeader = "X-MLFLOW-WORKSPACE"
)

// operation pins a method of this package to one of the server's. A path without a leading slash is below
// /api/2.0/mlflow/.
type operation struct {
	method, path string
	repeat       rest.Repeat
}

// reads gets something; writes, patches and deletes set a state, which setting it again does not change; creates makes
// something new each time that it is carried out. What is repeated after an unknown end follows from that (see package
// rest).
func reads(path string) operation   { return operation{http.MethodGet, path, rest.Harmless} }
func queries(path string) operation { return operation{http.MethodPost, path, rest.Harmless} }
func writes(path string) operation  { return operation{http.MethodPost, path, rest.Harmless} }
func patches(path string) operation { return operation{http.MethodPatch, path, rest.Harmless} }
func deletes(path string) operation { return operation{http.MethodDelete, path, rest.Harmless} }
func creates(path string) operation { return operation{http.MethodPost, path, rest.Once} }

// api is what all services share.
type api struct {
	rest      *rest.Client
	workspace string
	storage   *storage // what is beside the server
	metrics   metricGroups
}

// call sends an operation: in is url.Values for a GET, otherwise what is sent as JSON; out, unless nil, receives the
// answer. Where nothing of it is of interest it must still be MLflow's: a page of a proxy or of a log-in with status 200
// must not pass for a metric that was stored.
func (a *api) call(ctx context.Context, op operation, in, out any) error {
	path := op.path
	if !strings.HasPrefix(path, "/") {
		path = apiPrefix + path
	}
	req := &rest.Request{Method: op.method, Path: path, Repeat: op.repeat, Header: a.header(path)}
	switch in := in.(type) {
	case nil:
	case url.Values:
		req.Query = in
	default:
		body, err := marshal(in)
		if err != nil {
			return invalid("%s %s: the request cannot be written as JSON: %v", op.method, path, err)
		}
		req.Body = body
	}
	resp, err := a.send(ctx, req)
	if err != nil {
		return err
	}
	if out == nil && resp.Status != http.StatusNoContent {
		out = &struct{}{}
	}
	return decode(req, resp, out)
}

// send turns every failure into an *Error.
func (a *api) send(ctx context.Context, req *rest.Request) (*rest.Response, error) {
	resp, err := a.rest.Do(ctx, req)
	if err != nil {
		e := &Error{Method: req.Method, Path: req.Path, Err: err}
		if lost, ok := errors.AsType[*rest.TransportError](err); ok {
			e.RequestID, e.Uncertain, e.Err = lost.RequestID, lost.Uncertain, lost.Err
		}
		return nil, e
	}
	if !resp.OK() {
		return nil, answerError(req.Method, req.Path, resp)
	}
	return resp, nil
}

// header adds the workspace, except where the path names one.
func (a *api) header(path string) http.Header {
	if a.workspace == "" || strings.Contains(path, "/mlflow/workspaces") {
		return nil
	}
	return http.Header{workspaceHeader: {a.workspace}}
}

func decode(req *rest.Request, resp *rest.Response, out any) error {
	if out == nil {
		return nil
	}
	if raw, ok := out.(*[]byte); ok {
		*raw = resp.Body
		return nil
	}
	if err := json.Unmarshal(resp.Body, out); err != nil {
		return &Error{
			Status: resp.Status, Code: CodeInternalError, Method: req.Method, Path: req.Path, RequestID: resp.RequestID,
			Message: fmt.Sprintf("the answer is not what MLflow sends (is this an MLflow server?): %v: %s", err, rest.Excerpt(resp.Body)),
		}
	}
	return nil
}

// marshal leaves <, > and & as they are, so that a proxy's log of a request reads like what was logged.
func marshal(in any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(in); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// considered says that a 500 with an error of MLflow's own is its last word: it comes from a programming error or an
// impossible argument, not from the weather, which is 503 TEMPORARILY_UNAVAILABLE. So is a part that is switched off.
func considered(status int, _ http.Header, body []byte) bool {
	if switchedOff(status, body) {
		return true
	}
	if status != http.StatusInternalServerError {
		return false
	}
	var e struct {
		Code string `json:"error_code"`
	}
	return json.Unmarshal(body, &e) == nil && e.Code != ""
}

// doneBefore forgives an error that is the echo of the call's own earlier attempt.
func doneBefore(err, echo error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Uncertain && errors.Is(err, echo) {
		return nil
	}
	return err
}
