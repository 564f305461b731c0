package predictsvc

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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
		release, err := s.openCache()
		must(t, err)
		s.follower.registry = r
		if err := s.follower.look(t.Context(), t.Context()); err != nil && !s.follower.gone {
			s.follower.startFromCache(t.Context())
		}
		must(t, release())
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
}

// TestServicesOnOneMachineHaveCachesOfTheirOwn: what one does not serve and deletes, another does.
func TestServicesOnOneMachineHaveCachesOfTheirOwn(t *testing.T) {
	config := Config{CacheDir: t.TempDir(), ModelURI: "models:/x@champion", ShadowModelURI: "models:/x@champion"}
	first, second, third := newService(t, config), newService(t, config), newService(t, config)
	release, err := first.openCache()
	must(t, err)
	releaseSecond, err := second.openCache()
	must(t, err)
	taken := map[string]bool{}
	for _, f := range []*follower{first.follower, first.shadow.follower, second.follower, second.shadow.follower} {
		taken[f.cache.dir] = true
	}
	if len(taken) != 4 {
		t.Errorf("%v", taken)
	}
	must(t, release())
	release, err = third.openCache()
	must(t, err)
	if third.follower.cache != first.follower.cache {
		t.Errorf("the next service takes %v, and %v is free", third.follower.cache, first.follower.cache)
	}
	must(t, third.follower.cache.keep(source{}, source{}))
	other, locked, err := takeCache(config.CacheDir, third.config.Client.TrackingURI(), config.ModelURI)
	must(t, err)
	if other == third.follower.cache {
		t.Error("tidying the cache gives it away")
	}
	must(t, errors.Join(locked.Close(), release(), releaseSecond()))
}

// movingRegistry is an MLflow whose alias moves, and a store that fails for one version.
type movingRegistry struct {
	files     []mlmodel.File
	version   atomic.Pointer[string]
	failing   string
	failures  atomic.Int64 // that are left
	downloads atomic.Int64
	err       error
}

func (r *movingRegistry) resolve(_ context.Context, uri string) (source, error) {
	version := *r.version.Load()
	return source{URI: uri, Name: "wine", Version: version, ArtifactURI: "x/" + version}, nil
}

func (r *movingRegistry) download(_ context.Context, from source, dir string) error {
	if r.downloads.Add(1); from.Version == r.failing && r.failures.Add(-1) >= 0 {
		return r.err
	}
	return mlmodel.WriteFolder(dir, r.files)
}

// following is a service in the process that follows a registry until the test ends.
func following(t *testing.T, r registry, config Config) *Service {
	t.Helper()
	s := newService(t, config)
	release, err := s.openCache()
	must(t, err)
	s.follower.registry = r
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { s.follower.run(ctx) })
	t.Cleanup(func() {
		cancel()
		group.Wait()
		must(t, release())
	})
	return s
}

// TestStoreThatRefusesAVersionLeavesTheCopyOfTheLastOne: only what MLflow says of the model itself makes an old copy no answer.
func TestStoreThatRefusesAVersionLeavesTheCopyOfTheLastOne(t *testing.T) {
	for name, refusal := range map[string]error{"missing": mlflowclient.ErrNotFound, "forbidden": mlflowclient.ErrPermissionDenied} {
		t.Run(name, func(t *testing.T) {
			config := Config{CacheDir: t.TempDir(), Poll: time.Hour}
			r := &movingRegistry{files: modelFiles(t, tinyForest(5, 6), nil), failing: "2", err: refusal}
			r.failures.Store(100)
			r.version.Store(new("1"))
			t.Run("before", func(t *testing.T) {
				s := following(t, r, config)
				eventually(t, "the first version", func() bool { return s.follower.current.Load() != nil })
			})
			r.version.Store(new("2"))
			s := following(t, r, config)
			eventually(t, "the copy of the first version", func() bool {
				m := s.follower.current.Load()
				return m != nil && m.Version == "1" && m.fromCache
			})
		})
	}
}

// TestStoreThatComesBack: while nothing is served, files that could not be fetched are asked for at every look; later, a signal is enough.
func TestStoreThatComesBack(t *testing.T) {
	r := &movingRegistry{files: modelFiles(t, tinyForest(5, 6), nil), failing: "1", err: errors.New("the store is away")}
	const failures = 14 // whose waits would double to more than a minute
	r.failures.Store(failures)
	r.version.Store(new("1"))
	s := following(t, r, Config{CacheDir: t.TempDir(), Poll: 5 * time.Millisecond})
	began := time.Now()
	eventually(t, "a model", func() bool { return s.follower.current.Load() != nil })
	if took := time.Since(began); took > 20*time.Second || r.downloads.Load() != failures+1 {
		t.Errorf("%d downloads in %v", r.downloads.Load(), took)
	}

	r = &movingRegistry{files: r.files, failing: "2", err: r.err}
	r.failures.Store(1)
	r.version.Store(new("1"))
	s = following(t, r, Config{CacheDir: t.TempDir(), Poll: time.Hour})
	eventually(t, "a model", func() bool { return s.follower.current.Load() != nil })
	r.version.Store(new("2"))
	signal(s.follower.now)
	eventually(t, "the failure is told", func() bool { return s.follower.state().err != nil })
	signal(s.follower.now)
	eventually(t, "the second version", func() bool { return s.follower.current.Load().Version == "2" })
}

// TestASecondServiceStartsFromWhatTheFirstServes: it takes over while the other still runs, and MLflow may be down.
func TestASecondServiceStartsFromWhatTheFirstServes(t *testing.T) {
	dir := t.TempDir()
	first, lock, err := takeCache(dir, "http://mlflow", "models:/m@champion")
	if err != nil {
		t.Fatal(err)
	}
	serve := func(from source) {
		t.Helper()
		inner := filepath.Join(first.folder(from), "sub")
		if err := os.MkdirAll(inner, 0o755); err != nil {
			t.Fatal(err)
		}
		err := errors.Join(os.WriteFile(filepath.Join(inner, "model.onnx"), []byte(from.Version), 0o600), first.seal(from), first.keep(from, from))
		if err != nil {
			t.Fatal(err)
		}
	}
	second := func() cache {
		t.Helper()
		c, lock, err := takeCache(dir, "http://mlflow", "models:/m@champion")
		if err != nil || c == first {
			t.Fatalf("%v, %v", c, err)
		}
		if err := lock.Close(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	if from, err := second().last(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing is served, and the second has %v, %v", from, err)
	}
	for _, version := range []string{"1", "2"} {
		want := source{URI: "models:/m@champion", Name: "m", Version: version, ArtifactURI: "mlflow-artifacts:/" + version}
		serve(want)
		c := second()
		from, err := c.last()
		if err != nil || from != want || c.valid(from) != nil {
			t.Errorf("%v, %v, %v", from, err, c.valid(from))
		}
	}
	damaged := source{URI: "models:/m@champion", Name: "m", Version: "3", ArtifactURI: "mlflow-artifacts:/3"}
	serve(damaged)
	if err := os.WriteFile(filepath.Join(first.folder(damaged), "sub", "model.onnx"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if from, err := second().last(); err != nil || from.Version != "2" {
		t.Errorf("after damage: %v, %v", from, err)
	}
	// What the second went on to while the first was gone is what the next one starts from.
	c := second()
	two, err := c.last()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(c.current(), time.Time{}, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	again, lock, err := takeCache(dir, "http://mlflow", "models:/m@champion")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if from, err := again.last(); err != nil || again != first || from != two {
		t.Errorf("%v: %v, not %v: %v", again, from, two, err)
	}
}
