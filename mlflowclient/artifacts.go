package mlflowclient

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// ArtifactService is [Client.Artifacts]: it finds the store in which a run's files are.
type ArtifactService struct{ api *api }

// FileInfo is a file or a folder of an artifact store.
type FileInfo struct {
	// Path is relative to the store, with slashes.
	Path  string
	IsDir bool
	// Size is in bytes, 0 for a folder.
	Size int64
}

// ArtifactStore holds the files of one run (or of whatever else has an artifact URI). All paths in it are relative,
// with slashes, without ".." and "#" (MLflow refuses both). Nothing is held in memory: bodies are streamed.
type ArtifactStore struct {
	// URI is the store's place, as MLflow has it.
	URI  string
	repo repository
}

// repository is one kind of place for artifacts.
type repository interface {
	// put stores what open gives; open may be called again for a repeated attempt. size is negative when unknown.
	put(ctx context.Context, name string, open func() (io.ReadCloser, error), size int64) error
	// get opens a file, or fails with ErrNotFound.
	get(ctx context.Context, name string) (io.ReadCloser, error)
	// list gives what is directly in a folder ("" is the top), by name. What is not a folder has nothing in it.
	list(ctx context.Context, dir string) ([]*FileInfo, error)
}

// ForRun returns the store of a run's artifacts. It asks the server for the run.
func (s *ArtifactService) ForRun(ctx context.Context, runID string) (*ArtifactStore, error) {
	run, err := (&RunService{s.api}).Get(ctx, runID)
	if err != nil {
		return nil, err
	}
	return s.At(run.ArtifactURI)
}

// At returns the store at an artifact URI: mlflow-artifacts:/… through the server, or a folder given as a path or as
// file:///path. Other schemes are ErrNotImplemented.
func (s *ArtifactService) At(uri string) (*ArtifactStore, error) {
	if filepath.IsAbs(uri) {
		return &ArtifactStore{URI: uri, repo: &folder{path: uri}}, nil
	}
	u, err := url.Parse(uri)
	if err != nil {
		return nil, invalid("the artifact URI %q cannot be read", uri)
	}
	switch u.Scheme {
	case "file":
		if u.Host != "" && u.Host != "localhost" {
			return nil, invalid("the artifact URI %q names a file of another host", uri)
		}
		return &ArtifactStore{URI: uri, repo: &folder{path: filepath.FromSlash(u.Path)}}, nil
	case "mlflow-artifacts":
		if u.Host != "" && !strings.HasSuffix(s.api.rest.BaseURL(), "//"+u.Host) {
			return nil, invalid("the artifact URI %q names another server than %s; credentials are not sent there", uri, s.api.rest.BaseURL())
		}
		return &ArtifactStore{URI: uri, repo: &proxied{api: s.api, root: strings.Trim(u.Path, "/")}}, nil
	}
	return nil, &Error{Code: CodeNotImplemented, Message: fmt.Sprintf(
		"artifacts at %q: only mlflow-artifacts: and local folders are supported; start the server with --serve-artifacts", uri)}
}

// Upload stores what a reader gives under a name. size is in bytes, negative when unknown. A reader can be read only
// once, so a failed upload is not repeated once it has begun.
func (s *ArtifactStore) Upload(ctx context.Context, name string, r io.Reader, size int64) error {
	begun := false
	open := func() (io.ReadCloser, error) {
		if begun {
			return nil, fmt.Errorf("the reader of artifact %s was used up by the attempt before", name)
		}
		begun = true
		return io.NopCloser(r), nil
	}
	return s.put(ctx, name, open, size)
}

// UploadFile stores a file in a folder of the store ("" is the top), under its own name.
func (s *ArtifactStore) UploadFile(ctx context.Context, file, dir string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return invalid("%s is not a regular file", file)
	}
	open := func() (io.ReadCloser, error) { return os.Open(file) }
	return s.put(ctx, path.Join(dir, filepath.Base(file)), open, info.Size())
}

// UploadDir stores all files below a local folder in a folder of the store ("" is the top), with their relative paths.
// Empty folders leave no trace. Links that lead out of the local folder, and what is neither a file nor a folder, are
// refused before anything is sent.
func (s *ArtifactStore) UploadDir(ctx context.Context, local, dir string) error {
	root, err := os.OpenRoot(local)
	if err != nil {
		return err
	}
	defer root.Close()
	files, err := filesBelow(root)
	if err != nil {
		return fmt.Errorf("uploading the folder %s: %w", local, err)
	}
	for _, f := range files {
		open := func() (io.ReadCloser, error) { return root.Open(filepath.FromSlash(f.Path)) }
		if err := s.put(ctx, path.Join(dir, f.Path), open, f.Size); err != nil {
			return err
		}
	}
	return nil
}

func (s *ArtifactStore) put(ctx context.Context, name string, open func() (io.ReadCloser, error), size int64) error {
	if err := checkArtifactName(name); err != nil {
		return err
	}
	return s.repo.put(ctx, name, open, size)
}

// List gives what is directly in a folder ("" is the top), by name. A folder that does not exist is empty, as in
// MLflow's own clients.
func (s *ArtifactStore) List(ctx context.Context, dir string) ([]*FileInfo, error) {
	if dir != "" {
		if err := checkArtifactName(dir); err != nil {
			return nil, err
		}
	}
	return s.repo.list(ctx, dir)
}

// Walk lists all files below a folder ("" is the top), folder by folder, without the folders themselves.
func (s *ArtifactStore) Walk(ctx context.Context, dir string) iter.Seq2[*FileInfo, error] {
	return func(yield func(*FileInfo, error) bool) {
		for todo := []string{dir}; len(todo) > 0; {
			entries, err := s.List(ctx, todo[0])
			if err != nil {
				yield(nil, err)
				return
			}
			todo = todo[1:]
			for _, entry := range entries {
				if entry.IsDir {
					todo = append(todo, entry.Path)
				} else if !yield(entry, nil) {
					return
				}
			}
		}
	}
}

// Open gives a file's content; close it. A file that does not exist is ErrNotFound.
func (s *ArtifactStore) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := checkArtifactName(name); err != nil {
		return nil, err
	}
	return s.repo.get(ctx, name)
}

// Download copies a file of the store to a local file. It is written under a temporary name beside it and renamed when
// complete, so that there is never half a file.
func (s *ArtifactStore) Download(ctx context.Context, name, file string) error {
	root, err := os.OpenRoot(filepath.Dir(file))
	if err != nil {
		return err
	}
	defer root.Close()
	return s.download(ctx, name, root, filepath.Base(file))
}

// DownloadDir copies all files below a folder of the store ("" is the top) to a local folder, which is made when
// missing. A name that would lead out of it, by itself or by a link, is an error.
func (s *ArtifactStore) DownloadDir(ctx context.Context, dir, local string) error {
	if err := os.MkdirAll(local, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(local)
	if err != nil {
		return err
	}
	defer root.Close()
	for entry, err := range s.Walk(ctx, dir) {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(strings.TrimPrefix(entry.Path, dir), "/")
		if err := s.download(ctx, entry.Path, root, filepath.FromSlash(name)); err != nil {
			return err
		}
	}
	return nil
}

func (s *ArtifactStore) download(ctx context.Context, name string, root *os.Root, file string) error {
	body, err := s.Open(ctx, name)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := writeFile(root, file, body); err != nil {
		return fmt.Errorf("downloading artifact %s: %w", name, err)
	}
	return nil
}

// checkArtifactName refuses what MLflow refuses, and what means another file than it says.
func checkArtifactName(name string) error {
	if name == "" || name == "." || path.Clean(name) != name || path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../") {
		return invalid("the artifact path %q is not a plain relative path", name)
	}
	if strings.ContainsAny(name, "#\\\x00") {
		return invalid("the artifact path %q has a character that MLflow refuses (# \\ or NUL)", name)
	}
	return nil
}
