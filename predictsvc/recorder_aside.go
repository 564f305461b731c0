package predictsvc

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"mlopsgo/internal/spool"
)

// asideDir is the folder in that of the spool for frames that only another version of this program can read, as after a version was set
// back.
func (r *recorder) asideDir() string { return filepath.Join(r.config.Spool, "unreadable") }

// setAside keeps a frame for the version that can read it, as many as the spool may have bytes. It is counted as lost until then.
func (r *recorder) setAside(data []byte, items int, reason error) {
	err := errors.New("the spool is a temporary one (--spool-dir)")
	if r.kept {
		if err = r.openAside(); err == nil {
			err = r.aside.Append(data, items)
		}
	}
	what := "predictions in the spool are of another version of this program: they are kept in " + r.asideDir() + " for it, " + reason.Error()
	if err != nil {
		what = "predictions in the spool are of another version of this program and are dropped: " + reason.Error() + "; not kept: " + err.Error()
	}
	r.lose("invalid", items, what)
}

// takeBack puts the frames that were set aside, and that this version can read, into the spool.
func (r *recorder) takeBack() {
	if _, err := os.Stat(r.asideDir()); errors.Is(err, fs.ErrNotExist) {
		return
	}
	rows := 0
	err := r.openAside()
	for err == nil {
		data, items, failed := r.aside.Next()
		if err = failed; err != nil || data == nil {
			break
		}
		if _, unreadable := readFrame(data); unreadable != nil {
			break // it was written later than those before
		}
		if err = r.spool.Append(data, items); err == nil {
			err = r.aside.Done()
			rows += items
		}
	}
	if err != nil {
		r.logger.Error("predictions that were set aside cannot all be taken back; the next start tries again",
			"folder", r.asideDir(), "error", err)
	}
	if rows > 0 {
		r.logger.Info("predictions that were set aside by another version are taken back", "rows", rows)
	}
}

func (r *recorder) openAside() (err error) {
	if r.aside == nil {
		r.aside, err = spool.Open(r.asideDir(), spool.Options{MaxBytes: r.config.SpoolBytes})
	}
	return err
}
