package mlflowclient

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"mlopsgo/mlflowclient/mlmodel"
)

// DownloadModel copies a model's folder to dir, which [mlmodel.OpenFolder] then reads. It appears whole or not at all:
// the files go to a folder beside it, which is renamed when all have arrived, and removed when anything fails. A dir that
// exists must be empty, and may be the top of a volume: it is filled when all have arrived, its MLmodel last. A name that
// would lead out of it is an error, and a place without MLmodel is ErrNotFound.
func (c *Client) DownloadModel(ctx context.Context, m *ResolvedModel, dir string) error {
	if err := c.downloadModel(ctx, m, dir); err != nil {
		return fmt.Errorf("downloading model %s to %s: %w", quote(m.URI), dir, err)
	}
	return nil
}

func (c *Client) downloadModel(ctx context.Context, m *ResolvedModel, dir string) error {
	store, err := c.Artifacts.At(m.ArtifactURI)
	if err != nil {
		return err
	}
	dir = filepath.Clean(dir)
	exists, err := free(dir)
	if err != nil {
		return err
	}
	files, err := modelFiles(ctx, store)
	if err != nil {
		return err
	}
	parent := dir
	if !exists {
		parent = filepath.Dir(dir)
		if err := os.MkdirAll(parent, 0o777); err != nil {
			return err
		}
	}
	temporary, err := os.MkdirTemp(parent, ".mlflow-model-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temporary) }() // which after the renaming is not there
	if err := fetch(ctx, store, files, temporary); err != nil {
		return err
	}
	if exists {
		return moveAll(temporary, dir)
	}
	if err := os.Chmod(temporary, 0o755); err != nil { // MkdirTemp gives 0700, which other users of the folder cannot enter
		return err
	}
	return os.Rename(temporary, dir)
}

// free refuses a folder that has something in it, and tells whether there is an empty one.
func free(dir string) (exists bool, err error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case len(entries) > 0:
		return true, fmt.Errorf("%s: %w and is not empty", dir, fs.ErrExist)
	}
	return true, nil
}

// moveAll moves what is in a folder to another; without the MLmodel, which comes last, there is no model.
func moveAll(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	var names []string
	for _, entry := range entries {
		if entry.Name() != mlmodel.FileName {
			names = append(names, entry.Name())
		}
	}
	for _, name := range append(names, mlmodel.FileName) {
		if err := os.Rename(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

// modelFiles lists a model's files.
func modelFiles(ctx context.Context, store *ArtifactStore) ([]*FileInfo, error) {
	var files []*FileInfo
	for file, err := range store.Walk(ctx, "") {
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	if !slices.ContainsFunc(files, func(f *FileInfo) bool { return f.Path == mlmodel.FileName }) {
		return nil, &Error{Code: CodeDoesNotExist, Message: fmt.Sprintf("there is no %s among the %d files of %s, so that it is no model, or an incomplete one",
			mlmodel.FileName, len(files), store.URI)}
	}
	return files, nil
}

func fetch(ctx context.Context, store *ArtifactStore, files []*FileInfo, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	t := store.begin(len(files), sizeOf(files))
	return several(ctx, t.Files, files, func(ctx context.Context, f *FileInfo) error {
		return store.download(ctx, f, root, filepath.FromSlash(f.Path), t)
	})
}
