package mlflowclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"mlopsgo/internal/rest"
)

const artifactsPath = "/api/2.0/mlflow-artifacts/artifacts"

// proxied is artifacts that the tracking server passes on to its own storage.
type proxied struct {
	api  *api
	root string // path within the server's artifacts
}

func (p *proxied) url(name string) string { return p.at("artifacts", name) }

// at is the path of an operation on a file or folder.
func (p *proxied) at(operation, name string) string {
	var at strings.Builder
	at.WriteString("/api/2.0/mlflow-artifacts/" + operation)
	for segment := range strings.SplitSeq(path.Join(p.root, name), "/") {
		if segment != "" {
			at.WriteString("/" + url.PathEscape(segment))
		}
	}
	return at.String()
}

// escaped is what the server takes for a character that it should decode, however often it has done so already.
var escaped = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// checkName refuses what means another file to the server, which takes names for URLs (validate_path_is_safe in its source): it would store
// 100%25 as 100%, and "why?" as "why", and answer that all is well.
func (p *proxied) checkName(name string) error {
	file, query, asks := strings.Cut(name, "?")
	_, parameters, given := strings.Cut(path.Base(file), ";")
	lost := escaped.FindString(name)
	switch {
	case lost != "":
	case asks && query == "":
		lost = "? at its end"
	case given && parameters == "":
		lost = "; at the end of a file's name"
	case strings.ContainsFunc(name, unicode.IsControl):
		lost = "a control character"
	default:
		return nil
	}
	return invalid("the artifact path %q has %s, which the server would take away or decode, so that it would be another file: give it another name", name, lost)
}

// put overwrites, so that it may be repeated as long as the content can be opened again.
func (p *proxied) put(ctx context.Context, name string, c content, t *transfer) error {
	if err := p.checkName(name); err != nil {
		return err
	}
	if done, err := p.putDirect(ctx, name, &c, t); done || err != nil {
		return err
	}
	at := p.url(name)
	return p.api.store(ctx, &rest.Request{
		Method: http.MethodPut, Path: at, Header: p.api.header(at), Open: c.opener(&t.meter), Length: c.size, Repeat: rest.Harmless,
	}, "application/json")
}

func (p *proxied) get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := p.checkName(name); err != nil {
		return nil, err
	}
	at := p.url(name)
	file, err := p.api.file(ctx, at, nil)
	if errors.Is(err, ErrInternal) && p.absent(ctx, name) {
		return nil, &Error{Status: http.StatusNotFound, Code: CodeDoesNotExist, Method: http.MethodGet, Path: at, Message: "No such artifact: " + quote(name)}
	}
	return file, err
}

// fetch copies a file. What breaks off is fetched anew: the server cannot continue.
func (p *proxied) fetch(ctx context.Context, name string, size int64, to *os.File, t *transfer) error {
	if err := p.checkName(name); err != nil {
		return err
	}
	if done, err := p.fetchDirect(ctx, name, size, to, t); done || err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		body, err := p.get(ctx, name)
		if err != nil {
			return err
		}
		n, err := copyAt(to, 0, body, make([]byte, copyBuffer), &t.meter)
		_ = body.Close() // what was read counts
		if err == nil && size >= 0 && n != size {
			err = brokeOff(fmt.Errorf("%d bytes arrived of the %d that the server lists: %w", n, size, io.ErrUnexpectedEOF), name)
		}
		if err == nil {
			return to.Truncate(n) // an earlier attempt may have come further, if the file has changed meanwhile
		}
		if _, local := errors.AsType[*fs.PathError](err); local || !p.api.rest.Again(ctx, attempt) {
			return err
		}
		t.moved(-n)
	}
}

// remove deletes a file, or a folder with all that is in it. What is not there is deleted already.
func (p *proxied) remove(ctx context.Context, name string) error {
	if err := p.checkName(name); err != nil {
		return err
	}
	err := p.api.call(ctx, deletes(p.url(name)), nil, nil)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
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

func (p *proxied) list(ctx context.Context, dir string) ([]*FileInfo, error) {
	var out serverFiles
	if err := p.api.call(ctx, reads(artifactsPath), url.Values{"path": {path.Join(p.root, dir)}}, &out); err != nil {
		return nil, err
	}
	for i := range out.Files {
		if dir != "" { // the server gives names within the folder
			out.Files[i].Path = dir + "/" + out.Files[i].Path
		}
	}
	return out.in(dir, artifactsPath)
}

// serverFiles is a folder as the server lists it.
type serverFiles struct {
	Files []struct {
		Path  string  `json:"path"`
		IsDir bool    `json:"is_dir"`
		Size  integer `json:"file_size"`
	} `json:"files"`
}

// in gives what is directly in a folder, by name, and refuses names that lead elsewhere; at is the operation's path.
func (s *serverFiles) in(dir, at string) ([]*FileInfo, error) {
	files := make([]*FileInfo, 0, len(s.Files))
	for _, f := range s.Files {
		if err := checkArtifactName(f.Path); err != nil || path.Dir("/"+f.Path) != path.Clean("/"+dir) {
			return nil, &Error{
				Code: CodeInternalError, Method: http.MethodGet, Path: at,
				Message: fmt.Sprintf("the server lists %q in folder %q, which is not a name", f.Path, dir),
			}
		}
		files = append(files, &FileInfo{Path: f.Path, IsDir: f.IsDir, Size: int64(f.Size)})
	}
	slices.SortFunc(files, func(a, b *FileInfo) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}
