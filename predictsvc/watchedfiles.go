package predictsvc

import (
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// watchTime is the time between two looks at files that may have changed. A look costs one stat for each.
const watchTime = time.Second

// watchedFiles is what was read from files, and is read again when they have changed: a certificate that was renewed, a token that was
// withdrawn. Files that cannot be read leave the last good value, since somebody may be in the middle of replacing them.
type watchedFiles[T any] struct {
	what   string
	paths  []string
	read   func() (T, error)
	logger *slog.Logger

	value  atomic.Pointer[T]
	looked atomic.Int64 // Unix time in nanoseconds

	mu      sync.Mutex
	stamps  []fileStamp
	failing bool
}

// fileStamp changes with a file's content: Kubernetes swaps a link, others write in place.
type fileStamp struct {
	modified time.Time
	size     int64
	file     fs.FileInfo
}

func (a fileStamp) same(b fileStamp) bool {
	return a.modified.Equal(b.modified) && a.size == b.size && os.SameFile(a.file, b.file)
}

// watchFiles reads for the first time, when a failure is an error.
func watchFiles[T any](what string, logger *slog.Logger, read func() (T, error), paths ...string) (*watchedFiles[T], error) {
	w := &watchedFiles[T]{what: what, paths: paths, read: read, logger: logger}
	stamps, err := w.stamp()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	value, err := read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	w.stamps = stamps
	w.value.Store(&value)
	w.looked.Store(time.Now().UnixNano())
	return w, nil
}

// get is the newest good value. One caller a second looks at the files; nobody waits for it.
func (w *watchedFiles[T]) get() T {
	now := time.Now().UnixNano()
	if last := w.looked.Load(); now-last > int64(watchTime) && w.looked.CompareAndSwap(last, now) {
		w.refresh()
	}
	return *w.value.Load()
}

func (w *watchedFiles[T]) refresh() {
	w.mu.Lock()
	defer w.mu.Unlock()
	stamps, err := w.stamp()
	if err == nil && slices.EqualFunc(stamps, w.stamps, fileStamp.same) {
		return
	}
	var value T
	if err == nil {
		value, err = w.read()
	}
	if err != nil {
		if !w.failing {
			w.logger.Error("changed files cannot be read; what they held before stays in force", "what", w.what, "error", err)
		}
		w.failing = true
		return
	}
	w.stamps, w.failing = stamps, false
	w.value.Store(&value)
	w.logger.Info("changed files were read again", "what", w.what, "files", w.paths)
}

// stamp is taken before reading: a change in between is seen at the next look.
func (w *watchedFiles[T]) stamp() ([]fileStamp, error) {
	stamps := make([]fileStamp, len(w.paths))
	for i, path := range w.paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		stamps[i] = fileStamp{info.ModTime(), info.Size(), info}
	}
	return stamps, nil
}
