package predictsvc

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
)

// unreachable is an MLflow that is nowhere.
type unreachable struct{}

var errNowhere = errors.New("nowhere")

func (unreachable) resolve(context.Context, string) (source, error) { return source{}, errNowhere }

func (unreachable) download(context.Context, source, string) error { return errNowhere }

// explosive is an MLflow whose only model makes the service panic.
type explosive struct{}

func (explosive) resolve(_ context.Context, uri string) (source, error) {
	return source{URI: uri, Name: "bomb", Version: "2", ArtifactURI: "x"}, nil
}

func (explosive) download(context.Context, source, string) error { panic("boom") }

func TestAModelThatPanicsIsRefused(t *testing.T) {
	s := inProcess(t, tinyForest(5, 6), nil)
	remove, err := s.openCache()
	must(t, err)
	defer func() { must(t, remove()) }()
	s.follower.registry = explosive{}
	for range 2 { // the second time is too soon, and says the same
		if err := s.follower.look(t.Context(), t.Context()); err == nil || !strings.Contains(err.Error(), `version "2" of bomb (run "") cannot be served: it makes the service panic: boom`) {
			t.Errorf("error %v", err)
		}
	}
	if got := post(s, wine); got.Code != http.StatusOK {
		t.Error(got.Code, got.Body)
	}
	if failed := total(t, s.metrics.reloads.WithLabelValues("failed")); failed != 1 {
		t.Errorf("%d failures counted", failed)
	}
}
