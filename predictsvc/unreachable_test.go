package predictsvc

import (
	"context"
	"errors"
)

// unreachable is an MLflow that is nowhere.
type unreachable struct{}

var errNowhere = errors.New("nowhere")

func (unreachable) resolve(context.Context, string) (source, error) { return source{}, errNowhere }

func (unreachable) download(context.Context, source, string) error { return errNowhere }
