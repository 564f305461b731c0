package prefectclient

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"mlopsgo/internal/rest"
)

const (
	csrfTokenHeader  = "Prefect-Csrf-Token"
	csrfClientHeader = "Prefect-Csrf-Client"
)

// csrf keeps the token that a server with CSRF protection wants with each change. A server without it says so at the
// first question, and is not asked again.
type csrf struct {
	client string

	mu      sync.Mutex
	enabled bool
	token   string
	expires time.Time
}

func newCSRF(enabled bool) *csrf { return &csrf{client: uuid.NewString(), enabled: enabled} }

// header gives the headers for a change: none where protection is off.
func (s *csrf) header(ctx context.Context, c *Client) (http.Header, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.enabled {
		return nil, nil
	}
	if s.token == "" || !time.Now().Before(s.expires) {
		if err := s.fetch(ctx, c); err != nil {
			return nil, err
		}
		if !s.enabled {
			return nil, nil
		}
	}
	return http.Header{csrfTokenHeader: {s.token}, csrfClientHeader: {s.client}}, nil
}

func (s *csrf) fetch(ctx context.Context, c *Client) error {
	req := get("/csrf-token")
	req.query = map[string][]string{"client": {s.client}}
	resp, err := c.http.Do(ctx, &rest.Request{Method: req.method, Path: req.path, Query: req.query, Repeat: req.repeat})
	if err != nil {
		return transportError(req, err)
	}
	off := resp.Status == http.StatusUnprocessableEntity && strings.Contains(string(resp.Body), "CSRF protection is disabled")
	if off || resp.Status == http.StatusNotFound {
		s.enabled = false
		return nil
	}
	if !resp.OK() {
		return answerError(req.method, req.path, resp)
	}
	var answer struct {
		Token      string    `json:"token"`
		Expiration time.Time `json:"expiration"`
	}
	if err := decodeAnswer(req, resp, &answer); err != nil {
		return err
	}
	s.token, s.expires = answer.Token, answer.Expiration
	if s.expires.IsZero() {
		s.expires = time.Now().Add(time.Hour)
	}
	return nil
}

// forget drops a token that the server refused, unless another call has replaced it since.
func (s *csrf) forget(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == token {
		s.token = ""
	}
}
