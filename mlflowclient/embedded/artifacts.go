package embedded

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

type artifact struct {
	Path  string `json:"path"`
	IsDir bool   `json:"is_dir"`
	Size  *int64 `json:"file_size,omitempty"`
}

var listArtifactsRequest = &descriptor{fields: []field{{name: "run_id"}, {name: "run_uuid"}, {name: "path"}, {name: "page_token"}}}

// listArtifacts lists a run's artifacts, or those of one folder of them, when they are on this machine.
func (s *Store) listArtifacts(ctx context.Context, r *request) (any, error) {
	if err := r.decode(listArtifactsRequest, rules(
		param("run_id", isString, mandatory), param("path", isString), param("page_token", isString))); err != nil {
		return nil, err
	}
	folder, err := folderOf(r.msg, "path")
	if err != nil {
		return nil, err
	}
	info, err := s.runOf(ctx, runIDOf(r.msg))
	if err != nil {
		return nil, err
	}
	return answerFolder("run "+info.RunID, info.ArtifactURI, folder)
}

func (s *Store) runOf(ctx context.Context, id string) (info *runInfo, err error) {
	err = s.read(ctx, func(tx *session) (err error) {
		info, err = findRun(tx, id)
		return err
	})
	return info, err
}

var listModelArtifactsRequest = &descriptor{fields: []field{{name: "model_id"}, {name: "artifact_directory_path"}, {name: "page_token"}}}

// listLoggedModelArtifacts does so for a logged model.
func (s *Store) listLoggedModelArtifacts(ctx context.Context, r *request) (any, error) {
	if err := r.decode(listModelArtifactsRequest, rules(param("artifact_directory_path", isString))); err != nil {
		return nil, err
	}
	folder, err := folderOf(r.msg, "artifact_directory_path")
	if err != nil {
		return nil, err
	}
	id := r.path["model_id"]
	model, err := s.loggedModelOf(ctx, id)
	if err != nil {
		return nil, err
	}
	return answerFolder("model "+id, model.Info.ArtifactURI, folder)
}

func (s *Store) loggedModelOf(ctx context.Context, id string) (model *loggedModel, err error) {
	err = s.read(ctx, func(tx *session) (err error) {
		if model, err = findLoggedModel(tx, id); err == nil && model.stage == stageDeleted {
			err = noLoggedModel(id)
		}
		return err
	})
	return model, err
}

// folderOf is the folder that a request asks for, "" for the top.
func folderOf(m *message, field string) (string, error) {
	if !m.has(field) {
		return "", nil
	}
	return safePath(m.str(field))
}

func answerFolder(whose, uri, folder string) (any, error) {
	root, err := artifactFolder(whose, uri)
	if err != nil {
		return nil, err
	}
	files, err := listFolder(root, folder)
	if err != nil {
		return nil, err
	}
	return struct {
		Root  string     `json:"root_uri"`
		Files []artifact `json:"files,omitempty"`
	}{uri, files}, nil
}

// artifactFolder is where artifacts are on this machine.
func artifactFolder(whose, uri string) (string, error) {
	root, ok := localPath(uri)
	if !ok {
		return "", failf(codeNotImplemented, "the artifacts of %s are at %s, where the embedded store cannot reach them: it knows local folders only", whose, uri)
	}
	return root, nil
}

// safePath refuses a path that may leave the folder of the artifacts, also after decoding it several times.
func safePath(given string) (string, error) {
	for range 10 {
		decoded, err := url.PathUnescape(given)
		if err != nil || decoded == given {
			break
		}
		given = decoded
	}
	windowsRoot := len(given) > 2 && unicode.IsLetter(rune(given[0])) && given[1] == ':' && (given[2] == '/' || given[2] == '\\')
	if strings.Contains(given, "#") || slices.Contains(strings.Split(given, "/"), "..") || strings.HasPrefix(given, "/") ||
		strings.HasPrefix(given, `\\`) || windowsRoot || strings.HasPrefix(given, "file:") {
		return "", invalidf("Invalid path")
	}
	return given, nil
}

// localPath is the folder of a local artifact URI.
func localPath(uri string) (string, bool) {
	if rest, ok := strings.CutPrefix(uri, "file:"); ok {
		u, err := url.Parse(uri)
		if err != nil || u.Host != "" && u.Host != "localhost" {
			return "", false
		}
		if u.Path == "" {
			return rest, true
		}
		return u.Path, true
	}
	scheme, _, ok := strings.Cut(uri, ":")
	return uri, !ok || strings.Contains(scheme, "/") || len(scheme) == 1
}

// unfinishedPrefix is how MLflow's Python store names files that it is still writing.
const unfinishedPrefix = ".artifact.uploading."

// listFolder lists one folder, without following links out of root. A folder that does not exist has no files.
func listFolder(root, folder string) ([]artifact, error) {
	dir, err := os.OpenRoot(root)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, failf(codeInternal, "the artifacts in %s cannot be listed: %v", root, err)
	}
	defer dir.Close()
	name := path.Clean("./" + folder)
	if info, err := dir.Stat(filepath.FromSlash(name)); errors.Is(err, os.ErrNotExist) || err == nil && !info.IsDir() {
		return nil, nil
	} else if err != nil {
		return nil, invalidf("Invalid path")
	}
	f, err := dir.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, failf(codeInternal, "the artifacts in %s cannot be listed: %v", root, err)
	}
	defer f.Close()
	entries, err := f.Readdirnames(-1)
	if err != nil {
		return nil, failf(codeInternal, "the artifacts in %s cannot be listed: %v", root, err)
	}
	var files []artifact
	for _, entry := range entries {
		if strings.HasPrefix(entry, unfinishedPrefix) {
			continue
		}
		found := artifact{Path: path.Join(name, entry)}
		info, err := dir.Stat(filepath.FromSlash(found.Path))
		switch {
		case err != nil: // removed meanwhile, or a link that leads out
			continue
		case info.IsDir():
			found.IsDir = true
		default:
			size := info.Size()
			found.Size = &size
		}
		files = append(files, found)
	}
	slices.SortFunc(files, func(a, b artifact) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}
