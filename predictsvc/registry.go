package predictsvc

import (
	"context"

	"mlopsgo/mlflowclient"
)

// mlflowRegistry is the registry of a real MLflow.
type mlflowRegistry struct{ client *mlflowclient.Client }

func (r mlflowRegistry) resolve(ctx context.Context, uri string) (source, error) {
	found, err := r.client.ResolveModel(ctx, uri)
	if err != nil {
		return source{}, err
	}
	return source(*found), nil
}

func (r mlflowRegistry) download(ctx context.Context, from source, dir string) error {
	found := mlflowclient.ResolvedModel(from)
	return r.client.DownloadModel(ctx, &found, dir)
}
