package predictsvc

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
)

// folderRegistry is an MLflow that has one model, and a store that may be away.
type folderRegistry struct {
	files     []mlmodel.File
	away      bool
	downloads int
}

func (r *folderRegistry) resolve(_ context.Context, uri string) (source, error) {
	return source{URI: uri, Name: "wine", Version: "1", ArtifactURI: "x"}, nil
}

func (r *folderRegistry) download(_ context.Context, _ source, dir string) error {
	if r.away {
		return errors.New("the store is away")
	}
	r.downloads++
	return mlmodel.WriteFolder(dir, r.files)
}

// TestCacheIsCheckedBeforeItIsServed damages the cache in every way: the model is downloaded again, and is not served from the cache while
// it cannot be.
func TestCacheIsCheckedBeforeItIsServed(t *testing.T) {
	dir := t.TempDir()
	look := func(r *folderRegistry) *model {
		t.Helper()
		s := newService(t, Config{CacheDir: dir})
		_, err := s.openCache()
		must(t, err)
		s.follower.registry = r
		if err := s.follower.look(t.Context(), t.Context()); err != nil && s.follower.mayUseCache(err) {
			s.follower.startFromCache(t.Context())
		}
		return s.follower.current.Load()
	}
	r := &folderRegistry{files: modelFiles(t, tinyForest(5, 6), nil)}
	if look(r) == nil || r.downloads != 1 {
		t.Fatalf("%d downloads", r.downloads)
	}
	if look(&folderRegistry{away: true}) == nil {
		t.Error("what is whole in the cache is not served while the store is away")
	}
	found, err := filepath.Glob(filepath.Join(dir, "*", "*", "model.onnx"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	file, sums := found[0], filepath.Dir(found[0])+".sums.json"
	whole, err := os.ReadFile(file)
	must(t, err)
	for name, damage := range map[string]func(){
		"truncated":      func() { must(t, os.Truncate(file, int64(len(whole)-1))) },
		"empty":          func() { must(t, os.Truncate(file, 0)) },
		"one bit":        func() { whole[len(whole)/2] ^= 1; must(t, os.WriteFile(file, whole, 0o600)); whole[len(whole)/2] ^= 1 },
		"missing":        func() { must(t, os.Remove(file)) },
		"one too many":   func() { must(t, os.WriteFile(filepath.Join(filepath.Dir(file), "more"), nil, 0o600)) },
		"no sums":        func() { must(t, os.Remove(sums)) },
		"torn sums":      func() { must(t, os.Truncate(sums, 10)) },
		"nothing at all": func() { must(t, os.RemoveAll(filepath.Dir(filepath.Dir(file)))) },
	} {
		t.Run(name, func(t *testing.T) {
			damage()
			if look(&folderRegistry{away: true}) != nil {
				t.Error("it is served from the cache")
			}
			before := r.downloads
			if m := look(r); m == nil || m.fromCache || r.downloads != before+1 {
				t.Errorf("%d downloads", r.downloads-before)
			}
		})
	}
	// A compact form of another version stands for a file in the check of the cache, and is of no use afterwards.
	header, err := json.Marshal(compactForm{File: "model.onnx", Of: sumOf(whole), Sum: sumOf([]byte("other"))})
	must(t, err)
	must(t, os.WriteFile(compactPath(filepath.Dir(file)), append(header, "\nother"...), 0o600))
	must(t, os.WriteFile(file, []byte("changed"), 0o600))
	if look(&folderRegistry{away: true}) != nil {
		t.Error("a changed file beside a form of another version is served")
	}
	before := r.downloads
	if m := look(r); m == nil || r.downloads != before+1 {
		t.Errorf("%d downloads in the place of a changed file", r.downloads-before)
	}
	if (&follower{}).mayUseCache(mlflowclient.ErrNotFound) {
		t.Error("a model that MLflow does not have is served from the cache")
	}
}
