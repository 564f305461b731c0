package predictsvc

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
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

// download fetches the files of a model that are used. When it fails, the folder is not whole: the follower makes it anew.
func (r mlflowRegistry) download(ctx context.Context, from source, dir string) error {
	store, err := r.client.Artifacts.At(from.ArtifactURI)
	if err != nil {
		return err
	}
	fetch := func(name string) error {
		local := filepath.FromSlash(name)
		if !filepath.IsLocal(local) {
			return fmt.Errorf("its MLmodel names the file %q: %w", name, mlmodel.ErrOutside)
		}
		path := filepath.Join(dir, local)
		if err := os.MkdirAll(filepath.Dir(path), cacheDirMode); err != nil {
			return err
		}
		return store.Download(ctx, name, path)
	}
	if err := fetch(mlmodel.FileName); err != nil {
		return err
	}
	folder, err := mlmodel.OpenFolder(dir)
	if err != nil {
		return err
	}
	files, err := usedFiles(folder.Model)
	if err != nil {
		return err
	}
	for _, name := range files {
		if err := fetch(name); err != nil {
			return err
		}
	}
	return nil
}
