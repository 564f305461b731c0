package pipeline

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"mlopsgo/internal/dataset"
)

// dataFile is data on disk: the user's own file, or a download that goes away when it is closed.
type dataFile struct {
	*os.File
	size      int64
	temporary bool
	etag      string // of a download
}

// Close closes the file and removes a download.
func (f *dataFile) Close() error {
	err := f.File.Close()
	if f.temporary {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// openLocal opens the user's file.
func openLocal(place dataPlace) (*dataFile, error) {
	info, err := os.Stat(place.path) // before opening, since opening a pipe may wait for ever
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("data: there is no file %s", place.path)
	}
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("data: %s is a folder; name a file in it", place.path)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("data: %s is not a regular file", place.path)
	}
	file, err := os.Open(place.path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return &dataFile{File: file, size: info.Size()}, nil
}

// check compares the file as it stands with a SHA-256 in hex; none is fine.
func (f *dataFile) check(want, name string) error {
	if want == "" {
		return nil
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, f.size)); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); !strings.EqualFold(got, want) {
		return fmt.Errorf("data: %s has the SHA-256 %s, want %s: it is not the file that was meant, or was changed", name, got, want)
	}
	return nil
}

// csvText is CSV text being read.
type csvText struct {
	io.Reader
	name    string // the address and the member, for errors
	file    string // the path the table is named after
	closers []io.Closer
}

// Close ends the reading; the file below stays open.
func (t *csvText) Close() error {
	var errs []error
	for _, c := range t.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// What the first bytes of a file say about it.
var (
	zipStart      = []byte("PK\x03\x04")
	emptyZipStart = []byte("PK\x05\x06")
	gzipStart     = []byte("\x1f\x8b")
)

func isZip(start []byte) bool {
	return bytes.HasPrefix(start, zipStart) || bytes.HasPrefix(start, emptyZipStart)
}

// openText finds the CSV text in a file: the file itself, unpacked by gzip, or a member of a zip archive.
func openText(file *dataFile, place dataPlace, limits dataset.Limits) (*csvText, error) {
	limits, err := limits.WithDefaults()
	if err != nil {
		return nil, err
	}
	start := make([]byte, 512)
	n, err := file.ReadAt(start, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("data: %w", err)
	}
	start = start[:n]
	name := strings.TrimSuffix(place.display, "#"+place.member)
	switch {
	case isZip(start):
		return openMember(file, file.size, zipWant{archive: name, member: place.member, maxBytes: limits.MaxBytes})
	case place.member != "" || strings.HasSuffix(strings.ToLower(name), ".zip"):
		return nil, fmt.Errorf("data: %s is not a zip archive", name)
	case bytes.HasPrefix(start, gzipStart):
		unpacked, err := gzip.NewReader(bufio.NewReader(io.NewSectionReader(file, 0, file.size)))
		if err != nil {
			return nil, fmt.Errorf("data: %s: %w", name, err)
		}
		return plainText(unpacked, name, place.file(), unpacked)
	}
	return plainText(io.NewSectionReader(file, 0, file.size), name, place.file())
}

// plainText makes sure that what was unpacked is not packed again, nor a web page, which is what servers give to programs that
// should have logged in.
func plainText(text io.Reader, name, file string, closers ...io.Closer) (*csvText, error) {
	buffered := bufio.NewReader(text)
	start, _ := buffered.Peek(512) // an error comes again when the text is read
	result := &csvText{Reader: buffered, name: name, file: file, closers: closers}
	switch {
	case isZip(start) || bytes.HasPrefix(start, gzipStart):
		return nil, errors.Join(fmt.Errorf("data: %s is an archive inside an archive; unpack it first", name), result.Close())
	case bytes.HasPrefix(bytes.TrimLeft(start, "\ufeff \t\r\n"), []byte("<")):
		return nil, errors.Join(fmt.Errorf("data: %s is a web page or XML, not CSV", name), result.Close())
	}
	return result, nil
}

// contextReader stops reading when the context ends.
type contextReader struct {
	ctx context.Context // lives for one ReadCSV, which takes a plain reader
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := context.Cause(c.ctx); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
