// Package progress shows how far long work has come: a bar with the time left on a terminal, nothing but the lines themselves where
// the output goes to a file or a log.
//
// A [Reporter] owns two writers. Lines are results and go to the first (standard output); the bar is decoration and goes to the second
// (standard error), and only if that is a terminal. So `command > file` keeps every line and still shows the bar, and a log collector
// sees no control characters at all.
package progress

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Reporter prints lines and keeps a bar below them. It is safe for concurrent use.
type Reporter struct {
	mu    sync.Mutex
	lines io.Writer
	bar   *progressbar.ProgressBar // nil where decoration is not a terminal
}

// New starts a report on total steps of work. Lines go to lines, the bar to decoration when that is a terminal.
func New(lines, decoration io.Writer, total int, what string) *Reporter {
	if !isTerminal(decoration) {
		return &Reporter{lines: lines}
	}
	return withBar(lines, decoration, total, what)
}

func withBar(lines, decoration io.Writer, total int, what string) *Reporter {
	return &Reporter{lines: lines, bar: progressbar.NewOptions(total,
		progressbar.OptionSetWriter(decoration),
		progressbar.OptionSetDescription(what),
		progressbar.OptionSetWidth(30),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetRenderBlankState(true),
	)}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Line prints one finished line above the bar.
func (r *Reporter) Line(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// What cannot be drawn must not stop the work: a closed terminal is noticed where results are written.
	if r.bar != nil {
		_ = r.bar.Clear()
	}
	_, _ = fmt.Fprintf(r.lines, format+"\n", args...)
	if r.bar != nil {
		_ = r.bar.RenderBlank()
	}
}

// Step counts n more steps as done and shows note (the best so far, say) beside the bar.
func (r *Reporter) Step(n int, note string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bar == nil {
		return
	}
	r.bar.Describe(note)
	_ = r.bar.Add(n)
}

// Close takes the bar away. Lines may still be printed afterwards.
func (r *Reporter) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bar != nil {
		_ = r.bar.Clear()
		r.bar = nil
	}
}
