package mlflowclient

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// folder is artifacts on this machine's disk, where a database file's runs have theirs.
type folder struct{ path string }

func (f *folder) put(ctx context.Context, name string, c content, t *transfer) error {
	if err := os.MkdirAll(f.path, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(f.path)
	if err != nil {
		return err
	}
	defer root.Close()
	from, err := c.opener(&t.meter)()
	if err != nil {
		return err
	}
	err = writeFile(root, filepath.FromSlash(name), func(to *os.File) error {
		n, err := io.Copy(to, &cancellable{ctx.Err, from})
		if err == nil && c.size >= 0 && n != c.size {
			err = fmt.Errorf("it has %d bytes instead of %d", n, c.size)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("storing artifact %s: %w", name, err)
	}
	return nil
}

func (f *folder) fetch(ctx context.Context, name string, _ int64, to *os.File, t *transfer) error {
	from, err := f.get(ctx, name)
	if err != nil {
		return err
	}
	defer from.Close()
	_, err = io.Copy(to, &cancellable{ctx.Err, &counted{Reader: from, meter: &t.meter}})
	return err
}

// remove deletes a file, or a folder with all that is in it; a link, not what it leads to.
func (f *folder) remove(_ context.Context, name string) error {
	root, err := os.OpenRoot(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	return root.RemoveAll(filepath.FromSlash(name))
}

func (f *folder) get(_ context.Context, name string) (io.ReadCloser, error) {
	root, err := os.OpenRoot(f.path)
	if err != nil {
		return nil, noArtifact(name, err)
	}
	defer root.Close()
	file, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, noArtifact(name, err)
	}
	if info, err := file.Stat(); err != nil || info.IsDir() {
		_ = file.Close()
		return nil, noArtifact(name, errors.Join(err, fs.ErrNotExist))
	}
	return file, nil
}

func noArtifact(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &Error{Code: CodeDoesNotExist, Message: "No such artifact: " + quote(name)}
	}
	return err
}

func (f *folder) list(_ context.Context, dir string) ([]*FileInfo, error) {
	root, err := os.OpenRoot(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer root.Close()
	at := dir
	if at == "" {
		at = "."
	}
	if info, err := root.Stat(filepath.FromSlash(at)); err != nil || !info.IsDir() {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return nil, err
	}
	entries, err := fs.ReadDir(root.FS(), at)
	if err != nil {
		return nil, err
	}
	files := make([]*FileInfo, 0, len(entries))
	for _, entry := range entries {
		info, err := root.Stat(filepath.FromSlash(path.Join(at, entry.Name())))
		if err != nil {
			return nil, err
		}
		file := &FileInfo{Path: path.Join(dir, entry.Name()), IsDir: info.IsDir()}
		if !file.IsDir {
			file.Size = info.Size()
		}
		files = append(files, file)
	}
	return files, nil
}

// cancellable ends a copy when the context ends.
type cancellable struct {
	over func() error
	io.Reader
}

func (c *cancellable) Read(p []byte) (int, error) {
	if err := c.over(); err != nil {
		return 0, err
	}
	return c.Reader.Read(p)
}

// filesBelow lists the regular files below a folder, links to files within it among them.
func filesBelow(root *os.Root) ([]*FileInfo, error) {
	var files []*FileInfo
	err := fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		// Stat follows a link, and the root refuses to follow it outside.
		info, err := root.Stat(filepath.FromSlash(name))
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is neither a file nor a folder, but %s", name, entry.Type())
		}
		files = append(files, &FileInfo{Path: name, Size: info.Size()})
		return nil
	})
	return files, err
}

// writeFile writes a file within root, with its folders, under a temporary name that becomes the right one when all is
// written.
func writeFile(root *os.Root, file string, fill func(*os.File) error) error {
	if dir := filepath.Dir(file); dir != "." {
		if err := root.MkdirAll(dir, 0o777); err != nil {
			return err
		}
	}
	temporary := filepath.Join(filepath.Dir(file), "."+rand.Text()+".tmp")
	f, err := root.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	err = fill(f)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = root.Rename(temporary, file)
	}
	if err != nil {
		_ = root.Remove(temporary) // the first error is the one that counts
	}
	return err
}
