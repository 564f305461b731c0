package embedded

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// attachment is an answer that is a file.
type attachment struct {
	*os.File
	size int64
}

// runFile is a file of a run's artifacts.
func (s *Store) runFile(ctx context.Context, r *request) (any, error) {
	name, err := safePath(r.query.Get("path"))
	if err != nil {
		return nil, err
	}
	info, err := s.runOf(ctx, cmp.Or(r.query.Get("run_id"), r.query.Get("run_uuid")))
	if err != nil {
		return nil, err
	}
	return openFile("run "+info.RunID, info.ArtifactURI, name)
}

// loggedModelFile is a file of a logged model.
func (s *Store) loggedModelFile(ctx context.Context, r *request) (any, error) {
	given := r.query.Get("artifact_file_path")
	if given == "" {
		return nil, failf(codeBadRequest, `Request must include the "artifact_file_path" query parameter.`)
	}
	name, err := safePath(given)
	if err != nil {
		return nil, err
	}
	model, err := s.loggedModelOf(ctx, r.path["model_id"])
	if err != nil {
		return nil, err
	}
	return openFile("model "+r.path["model_id"], model.Info.ArtifactURI, name)
}

// versionFile is a file of a registered model's version, also of one that was made of a folder of a run's artifacts.
func (s *Store) versionFile(ctx context.Context, r *request) (any, error) {
	name, err := safePath(r.query.Get("path"))
	if err != nil {
		return nil, err
	}
	model, version := r.query.Get("name"), r.query.Get("version")
	var location string
	err = s.read(ctx, func(tx *session) error {
		v, err := findVersion(tx, model, version)
		if err != nil {
			return err
		}
		if location, err = versionLocation(tx, v); err != nil {
			return err
		}
		if inRun, ok := strings.CutPrefix(location, "runs:/"); ok {
			id, folder, _ := strings.Cut(strings.TrimLeft(inRun, "/"), "/")
			info, err := findRun(tx, id)
			if err != nil {
				return err
			}
			location, name = info.ArtifactURI, path.Join(folder, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return openFile("version "+version+" of model "+model, location, name)
}

func openFile(whose, uri, name string) (any, error) {
	dir, err := artifactFolder(whose, uri)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, noFile(name, err)
	}
	defer root.Close()
	at := filepath.FromSlash(path.Clean(name))
	info, err := root.Stat(at)
	if err != nil {
		return nil, noFile(name, err)
	}
	if info.IsDir() {
		return nil, invalidf("Artifact path refers to a directory, not a file: '%s'", name)
	}
	file, err := root.Open(at)
	if err != nil {
		return nil, noFile(name, err)
	}
	return &attachment{file, info.Size()}, nil
}

func noFile(name string, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return failf(codeNotFound, "No such artifact: '%s'", name)
	}
	return failf(codeInternal, "the artifact %s cannot be read: %v", name, err)
}

// maxUpload is the most that the server takes in one piece.
const maxUpload = 10 << 20

// uploadArtifact stores a small file among a run's artifacts.
func (s *Store) uploadArtifact(ctx context.Context, r *request) (any, error) {
	id, given := r.query.Get("run_uuid"), r.query.Get("path")
	switch {
	case id == "":
		return nil, invalidf("Request must specify run_uuid.")
	case given == "":
		return nil, invalidf("Request must specify path.")
	}
	name, err := safePath(given)
	switch {
	case err != nil:
		return nil, err
	case len(r.body) > maxUpload:
		return nil, invalidf("Artifact size is too large. Max size is 10MB.")
	case len(r.body) == 0:
		return nil, invalidf("Request must specify data.")
	}
	info, err := s.runOf(ctx, id)
	if err != nil {
		return nil, err
	}
	dir, err := artifactFolder("run "+info.RunID, info.ArtifactURI)
	if err != nil {
		return nil, err
	}
	if err := writeArtifact(dir, path.Clean(name), r.body); err != nil {
		return nil, failf(codeInternal, "the artifact %s cannot be stored: %v", name, err)
	}
	return plain{"application/json", ""}, nil
}

// writeArtifact stores a file wholly or not at all.
func writeArtifact(dir, name string, content []byte) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	below := path.Dir(name)
	if err := root.MkdirAll(filepath.FromSlash(below), 0o777); err != nil {
		return err
	}
	temporary := filepath.FromSlash(path.Join(below, unfinishedPrefix+rand.Text()))
	err = root.WriteFile(temporary, content, 0o666)
	if err == nil {
		err = root.Rename(temporary, filepath.FromSlash(name))
	}
	if err != nil {
		_ = root.Remove(temporary)
	}
	return err
}
