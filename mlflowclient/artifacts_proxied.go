package mlflowclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"mlopsgo/internal/rest"
)

const artifactsPath = "/api/2.0/mlflow-artifacts/artifacts"

// proxied is artifacts that the tracking server passes on to its own storage.
type proxied struct {
	api  *api
	root string // path within the server's artifacts
}

func (p *proxied) url(name string) string {
	segments := strings.Split(path.Join(p.root, name), "/")
	for i := range segments {
		segments[i] = url.PathEscape(segments[i])
	}
	return artifactsPath + "/" + strings.Join(segments, "/")
}

// put overwrites, so that it may be repeated as long as the content can be opened again.
func (p *proxied) put(ctx context.Context, name string, open func() (io.ReadCloser, error), size int64) error {
	at := p.url(name)
	_, err := p.api.send(ctx, &rest.Request{
		Method: http.MethodPut, Path: at, Header: p.api.header(at), Open: open, Length: size, Repeat: rest.Harmless,
	})
	return err
}

func (p *proxied) get(ctx context.Context, name string) (io.ReadCloser, error) {
	at := p.url(name)
	resp, err := p.api.send(ctx, &rest.Request{
		Method: http.MethodGet, Path: at, Header: p.api.header(at), Stream: true, Repeat: rest.Harmless,
	})
	if errors.Is(err, ErrInternal) && p.absent(ctx, name) {
		return nil, &Error{Status: http.StatusNotFound, Code: CodeDoesNotExist, Method: http.MethodGet, Path: at, Message: "No such artifact: " + quote(name)}
	}
	if err != nil {
		return nil, err
	}
	return &body{ReadCloser: resp.Stream, name: name, left: resp.Length}, nil
}

// absent looks a file up in its folder: with S3 behind it, the server answers the request for a missing file as an
// internal error of its own.
func (p *proxied) absent(ctx context.Context, name string) bool {
	dir := path.Dir(name)
	if dir == "." {
		dir = ""
	}
	files, err := p.list(ctx, dir)
	return err == nil && !slices.ContainsFunc(files, func(f *FileInfo) bool { return f.Path == name && !f.IsDir })
}

// body fails when less arrives than was announced: a cut answer must not pass for a whole file.
type body struct {
	io.ReadCloser
	name string
	left int64
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left >= 0 {
		b.left = max(0, b.left-int64(n))
	}
	if err == io.EOF && b.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && err != io.EOF {
		err = &Error{Method: http.MethodGet, Path: b.name, Err: fmt.Errorf("the content broke off: %w", err)}
	}
	return n, err
}

func (p *proxied) list(ctx context.Context, dir string) ([]*FileInfo, error) {
	var out struct {
		Files []struct {
			Path  string  `json:"path"`
			IsDir bool    `json:"is_dir"`
			Size  integer `json:"file_size"`
		} `json:"files"`
	}
	err := p.api.call(ctx, reads(artifactsPath), url.Values{"path": {path.Join(p.root, dir)}}, &out)
	if err != nil {
		return nil, err
	}
	files := make([]*FileInfo, 0, len(out.Files))
	for _, f := range out.Files {
		name := path.Join(dir, f.Path)
		if err := checkArtifactName(name); err != nil || f.Path == "" || strings.Contains(f.Path, "/") {
			return nil, &Error{
				Code: CodeInternalError, Method: http.MethodGet, Path: artifactsPath,
				Message: fmt.Sprintf("the server lists %q in folder %q, which is not a name", f.Path, dir),
			}
		}
		files = append(files, &FileInfo{Path: name, IsDir: f.IsDir, Size: int64(f.Size)})
	}
	slices.SortFunc(files, func(a, b *FileInfo) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}
