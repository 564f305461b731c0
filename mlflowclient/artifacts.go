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
// with slashes, without ".." and "#" (MLflow refuses both). Bodies are streamed: no file is ever in memory as a whole.
type ArtifactStore struct {
	// URI is the store's place, as MLflow has it.
	URI     string
	repo    repository
	options TransferOptions
}

// With returns the same store with other options; their zero fields keep what the store has.
func (s *ArtifactStore) With(o TransferOptions) (*ArtifactStore, error) {
	if err := o.check(); err != nil {
		return nil, invalid("%v", err)
	}
	return &ArtifactStore{s.URI, s.repo, o.over(s.options)}, nil
}

// repository is one kind of place for artifacts.
type repository interface {
	// put stores a file, or replaces it.
	put(ctx context.Context, name string, c content, t *transfer) error
	// get opens a file, or fails with ErrNotFound.
	get(ctx context.Context, name string) (io.ReadCloser, error)
	// fetch copies a file to a local one, which is empty; size is what a listing says, negative when unknown.
	fetch(ctx context.Context, name string, size int64, to *os.File, t *transfer) error
	// list gives what is directly in a folder ("" is the top), by name. What is not a folder has nothing in it.
	list(ctx context.Context, dir string) ([]*FileInfo, error)
	// remove deletes a file, or a folder with all that is in it. What is not there is deleted already.
	remove(ctx context.Context, name string) error
}

// ForRun returns the store of a run's artifacts. It asks the server for the run.
func (s *ArtifactService) ForRun(ctx context.Context, runID string) (*ArtifactStore, error) {
	run, err := (&RunService{s.api}).Get(ctx, runID)
	if err != nil {
		return nil, err
	}
	return s.At(run.ArtifactURI)
}

// At returns the store at an artifact URI:
//
//	mlflow-artifacts:/…   through the server, or directly to its storage; see [TransferOptions]
//	http(s)://…           the same, when it is the client's server; others are refused, since credentials are not sent there
//	s3://bucket/path      by the client itself; see [WithS3]
//	file:///path, /path   a local folder
//
// Other schemes are ErrNotImplemented.
func (s *ArtifactService) At(uri string) (*ArtifactStore, error) {
	repo, err := s.repository(uri)
	if err != nil {
		return nil, err
	}
	return &ArtifactStore{URI: uri, repo: repo, options: s.api.storage.options}, nil
}

func (s *ArtifactService) repository(uri string) (repository, error) {
	if filepath.IsAbs(uri) {
		return &folder{path: uri}, nil
	}
	if strings.HasPrefix(uri, "s3://") { // whose keys are not encoded
		return s.atBucket(uri)
	}
	u, err := url.Parse(uri)
	if err != nil {
		return nil, invalid("the artifact URI %q cannot be read", uri)
	}
	server := s.api.rest.BaseURL()
	switch u.Scheme {
	case "file":
		if u.Host != "" && u.Host != "localhost" {
			return nil, invalid("the artifact URI %q names a file of another host", uri)
		}
		return &folder{path: filepath.FromSlash(u.Path)}, nil
	case "http", "https":
		root, ok := strings.CutPrefix(u.Scheme+"://"+u.Host+u.Path, server+artifactsPath)
		if !ok || (root != "" && root[0] != '/') || u.User != nil || u.RawQuery != "" {
			return nil, invalid("the artifact URI %q is not below %s; credentials are not sent there: make a client of that server", uri, server+artifactsPath)
		}
		return &proxied{api: s.api, root: strings.Trim(root, "/")}, nil
	case "mlflow-artifacts":
		_, host, _ := strings.Cut(server, "://")
		host, _, _ = strings.Cut(host, "/")
		if u.Host != "" && u.Host != host {
			return nil, invalid("the artifact URI %q names another server than %s; credentials are not sent there", uri, server)
		}
		return &proxied{api: s.api, root: strings.Trim(u.Path, "/")}, nil
	}
	return nil, &Error{Code: CodeNotImplemented, Message: fmt.Sprintf(
		"artifacts at %q: only mlflow-artifacts:, s3:// and local folders are supported; start the server with --serve-artifacts", uri)}
}

// Upload stores what a reader gives under a name. size is in bytes, negative when unknown. A reader can be read only
// once, so a failed upload is not repeated once it has begun.
func (s *ArtifactStore) Upload(ctx context.Context, name string, r io.Reader, size int64) error {
	return s.put(ctx, name, content{once: r, size: size}, s.begin(1, size))
}

// UploadFile stores a file in a folder of the store ("" is the top), under its own name.
func (s *ArtifactStore) UploadFile(ctx context.Context, file, dir string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() { // before it is opened: a pipe would wait for somebody to write
		return invalid("%s is not a regular file", file)
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return s.put(ctx, path.Join(dir, filepath.Base(file)), content{at: f, size: info.Size()}, s.begin(1, info.Size()))
}

// UploadDir stores all files below a local folder in a folder of the store ("" is the top), with their relative paths,
// several at once. Empty folders leave no trace. Links that lead out of the local folder, and what is neither a file nor
// a folder, are refused before anything is sent. After an error some of the files are stored; doing it again is safe.
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
		if err := checkArtifactName(path.Join(dir, f.Path)); err != nil {
			return fmt.Errorf("uploading the folder %s: %w", local, err)
		}
	}
	t := s.begin(len(files), sizeOf(files))
	return several(ctx, t.Files, files, func(ctx context.Context, f *FileInfo) error {
		file, err := root.Open(filepath.FromSlash(f.Path))
		if err != nil {
			return err
		}
		defer file.Close()
		return s.put(ctx, path.Join(dir, f.Path), content{at: file, size: f.Size}, t)
	})
}

func sizeOf(files []*FileInfo) int64 {
	size := int64(0)
	for _, f := range files {
		size += f.Size
	}
	return size
}

func (s *ArtifactStore) put(ctx context.Context, name string, c content, t *transfer) error {
	if err := checkArtifactName(name); err != nil {
		return err
	}
	if err := s.repo.put(ctx, name, c, t); err != nil {
		return err
	}
	t.finished()
	return nil
}

// Delete removes a file, or a folder with all that is in it. What is not there is deleted already. There is no call that
// empties a store: [RunService.Delete] is for that.
func (s *ArtifactStore) Delete(ctx context.Context, name string) error {
	if err := checkArtifactName(name); err != nil {
		return err
	}
	return s.repo.remove(ctx, name)
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
// complete and, where the store keeps a checksum, verified, so that there is never half a file.
func (s *ArtifactStore) Download(ctx context.Context, name, file string) error {
	root, err := os.OpenRoot(filepath.Dir(file))
	if err != nil {
		return err
	}
	defer root.Close()
	return s.download(ctx, &FileInfo{Path: name, Size: -1}, root, filepath.Base(file), s.begin(1, -1))
}

// DownloadDir copies all files below a folder of the store ("" is the top) to a local folder, which is made when
// missing, several at once. A name that would lead out of it, by itself or by a link, is an error. After an error some of
// the files are there, each of them whole.
func (s *ArtifactStore) DownloadDir(ctx context.Context, dir, local string) error {
	if err := os.MkdirAll(local, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(local)
	if err != nil {
		return err
	}
	defer root.Close()
	var files []*FileInfo
	for entry, err := range s.Walk(ctx, dir) {
		if err != nil {
			return err
		}
		files = append(files, entry)
	}
	t := s.begin(len(files), sizeOf(files))
	return several(ctx, t.Files, files, func(ctx context.Context, f *FileInfo) error {
		name := strings.TrimPrefix(strings.TrimPrefix(f.Path, dir), "/")
		return s.download(ctx, f, root, filepath.FromSlash(name), t)
	})
}

func (s *ArtifactStore) download(ctx context.Context, f *FileInfo, root *os.Root, file string, t *transfer) error {
	if err := checkArtifactName(f.Path); err != nil {
		return err
	}
	err := writeFile(root, file, func(to *os.File) error { return s.repo.fetch(ctx, f.Path, f.Size, to, t) })
	if err != nil {
		return fmt.Errorf("downloading artifact %s: %w", f.Path, err)
	}
	t.finished()
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
