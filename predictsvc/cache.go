package predictsvc

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mlopsgo/internal/spool"
)

// cache keeps the files of models on disk:
//
//	<dir>/<hash of tracking URI and model URI>/current.json    the source that was served last
//	                                          /<source.files>  a model's folder
//	                                          /<source.files>.sums.json
//	                                          /<source.files>.compact
//	                                          /lock            of the service that uses it
//	     /<hash of tracking URI and model URI>-2/…             of a second service that follows the same model meanwhile
//
// Sums are SHA-256 of every file, so that what a disk or a person changed is not served.
type cache struct{ dir string }

// mostCaches bounds the folders of one model: so many services do not run on one machine.
const mostCaches = 100

// takeCache makes or takes the first folder of a model that nobody else uses: each service deletes what it does not serve. It gets what was
// served last from any of the model's folders, so that a service that takes over from one that still runs starts without the registry too.
// Close what is returned beside it.
func takeCache(dir, trackingURI, modelURI string) (cache, io.Closer, error) {
	sum := sha256.Sum256([]byte(trackingURI + "\x00" + modelURI))
	first := filepath.Join(dir, hex.EncodeToString(sum[:8]))
	c := cache{first}
	for n := 2; ; n++ {
		if err := os.MkdirAll(c.dir, cacheDirMode); err != nil {
			return c, nil, err
		}
		locked, err := spool.Lock(c.dir)
		if err == nil {
			c.follow(latest(first))
		}
		if err == nil || !errors.Is(err, spool.ErrInUse) || n > mostCaches {
			return c, locked, err
		}
		c.dir = fmt.Sprintf("%s-%d", first, n)
	}
}

// latest is the one of a model's folders from which a model was loaded last, the first if none was.
func latest(first string) cache {
	found := cache{first}
	var at time.Time
	entries, _ := os.ReadDir(filepath.Dir(first)) // what cannot be read holds nothing
	for _, entry := range entries {
		c := cache{filepath.Join(filepath.Dir(first), entry.Name())}
		if !strings.HasPrefix(c.dir, first) {
			continue
		}
		if info, err := os.Stat(c.current()); err == nil && info.ModTime().After(at) {
			found, at = c, info.ModTime()
		}
	}
	return found
}

// follow copies what another service serves. What cannot be copied, perhaps because that one has just moved on, is downloaded.
func (c cache) follow(other cache) {
	if c == other {
		return
	}
	from, err := other.last()
	if mine, missing := c.last(); err != nil || missing == nil && mine == from && c.valid(from) == nil {
		return
	}
	err = errors.Join(c.remove(from), copyFile(c.sums(from), other.sums(from)), os.CopyFS(c.folder(from), os.DirFS(other.folder(from))))
	if err != nil || c.valid(from) != nil {
		return
	}
	_ = copyFile(compactPath(c.folder(from)), compactPath(other.folder(from))) // small models have none, and it is made anew
	_ = writeJSON(c.current(), from)
}

func copyFile(to, from string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return replaceFile(to, data)
}

func (c cache) folder(from source) string { return filepath.Join(c.dir, from.files()) }
func (c cache) sums(from source) string   { return c.folder(from) + ".sums.json" }
func (c cache) current() string           { return filepath.Join(c.dir, "current.json") }

// valid reports whether the files of a source are here, and those that will be read whole and unchanged.
func (c cache) valid(from source) error {
	want, err := readSums(c.folder(from))
	if err != nil {
		return err
	}
	known := map[string]string{}
	if form := readCompact(c.folder(from)); form != nil { // the file that it was made of will not be read
		known[form.File] = form.Of
	}
	have, err := sumsOf(c.folder(from), known)
	if err != nil {
		return err
	}
	if len(have) != len(want) {
		return fmt.Errorf("%s holds %d files, and %d were downloaded", c.folder(from), len(have), len(want))
	}
	for name, sum := range want {
		if have[name] != sum {
			return fmt.Errorf("%s: file %s is missing or was changed since it was downloaded", c.folder(from), name)
		}
	}
	return nil
}

// seal writes the sums of a folder that was downloaded.
func (c cache) seal(from source) error {
	sums, err := sumsOf(c.folder(from), nil)
	if err != nil {
		return err
	}
	return writeJSON(c.sums(from), sums)
}

// remove deletes the files of a source, the sums first: without them the folder is not valid.
func (c cache) remove(from source) error {
	for _, path := range []string{c.sums(from), compactPath(c.folder(from))} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.RemoveAll(c.folder(from))
}

// last is the source that was served last.
func (c cache) last() (source, error) {
	var from source
	data, err := os.ReadFile(c.current())
	if err != nil {
		return from, err
	}
	if err := json.Unmarshal(data, &from); err != nil {
		return from, fmt.Errorf("%s: %w", c.current(), err)
	}
	return from, nil
}

// keep remembers the source that is served now, and deletes the files of all others but the one before, to which an alias is most
// likely to be set back.
func (c cache) keep(from, before source) error {
	if err := writeJSON(c.current(), from); err != nil {
		return err
	}
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	kept := map[string]bool{filepath.Base(c.current()): true, spool.LockFile: true}
	for _, s := range []source{from, before} {
		kept[s.files()], kept[filepath.Base(c.sums(s))], kept[filepath.Base(compactPath(c.folder(s)))] = true, true, true
	}
	for _, entry := range entries {
		if !kept[entry.Name()] {
			err = errors.Join(err, os.RemoveAll(filepath.Join(c.dir, entry.Name())))
		}
	}
	return err
}

// writeJSON replaces a file, which is never seen half written.
func writeJSON(path string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(path, append(data, '\n'))
}

// sumsOf gives the SHA-256 of every file below dir, by its path with slashes. What is known already is not read.
func sumsOf(dir string, known map[string]string) (map[string]string, error) {
	sums := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if sum, ok := known[filepath.ToSlash(name)]; ok {
			sums[filepath.ToSlash(name)] = sum
			return nil
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		h := sha256.New()
		if _, err := io.Copy(h, file); err != nil {
			return err
		}
		sums[filepath.ToSlash(name)] = hex.EncodeToString(h.Sum(nil))
		return nil
	})
	return sums, err
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// readSums reads the sums of the files of a folder in the cache.
func readSums(dir string) (sums map[string]string, err error) {
	path := dir + ".sums.json"
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &sums); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return sums, nil
}

// replaceFile writes a file, which is never seen half written.
func replaceFile(path string, data []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".tmp-")
	if err != nil {
		return err
	}
	_, err = temporary.Write(data)
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name()) // the first error says more
	}
	return err
}
