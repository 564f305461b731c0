package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// busyTimeout is how long a statement waits for another process's lock: what MLflow's own sessions wait.
const busyTimeout = 20 * time.Second

// Store answers MLflow's REST calls from one SQLite file. It is an http.RoundTripper, safe for concurrent use by
// goroutines and, file against file, by other processes, MLflow's own included. Make one with Open.
type Store struct {
	path         string // absolute
	artifactRoot string
	writer       *pool
	reader       *pool

	mu       sync.Mutex
	closed   bool
	inFlight sync.WaitGroup
}

// Open opens the MLflow database at databasePath, an SQLite file, and creates it with MLflow 3.17.2's schema when it
// is missing or empty. Artifacts of new experiments go under artifactRoot, a folder or a URI; a relative folder is
// taken from the working directory, and the absolute path is what the database stores, as Python's client does.
//
// A file that is not SQLite, not MLflow's, or of an MLflow version whose tables are not known here is left as it is:
// the error wraps ErrNotMLflow or ErrUnknownRevision and says what was found and what to do.
func Open(ctx context.Context, databasePath, artifactRoot string) (*Store, error) {
	if databasePath == "" {
		return nil, errors.New("embedded MLflow store: the path of the database is empty; give a file such as mlflow.db")
	}
	path, err := filepath.Abs(databasePath)
	if err != nil {
		return nil, fmt.Errorf("embedded MLflow store: %s: %w", databasePath, err)
	}
	root, err := resolveLocalURI(artifactRoot)
	if err != nil {
		return nil, fmt.Errorf("embedded MLflow store: artifact root %s: %w", artifactRoot, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, fmt.Errorf("embedded MLflow store: the folder of %s cannot be made: %w", path, err)
	}
	if err := inspectFile(ctx, path); err != nil {
		return nil, err
	}
	s := &Store{path: path, artifactRoot: root}
	if s.writer, err = newWriter(ctx, path); err != nil {
		return nil, s.openError(err)
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.writer.close())
	}
	if s.reader, err = newReader(ctx, path); err != nil {
		return nil, errors.Join(s.openError(err), s.writer.close())
	}
	return s, nil
}

// Close waits for the requests under way and closes the file. Later requests fail with ErrClosed; closing twice is
// no error. With the last connection of all processes SQLite moves its journal into the file, so that a copy of the
// one file is then complete.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.inFlight.Wait()
	return errors.Join(s.reader.close(), s.writer.close())
}

// enter counts a request in, so that Close waits for it.
func (s *Store) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.inFlight.Add(1)
	return nil
}

// prepare brings the file into use: journal mode, schema, the Default experiment.
func (s *Store) prepare(ctx context.Context) error {
	if err := s.chooseJournal(ctx); err != nil {
		return s.openError(err)
	}
	err := s.write(ctx, func(tx *session) error {
		if err := createSchema(tx, s.path); err != nil {
			return err
		}
		return s.ensureDefaultExperiment(tx)
	})
	if err != nil {
		return s.openError(err)
	}
	return nil
}

// chooseJournal asks for write-ahead logging: readers such as a running MLflow UI then never block the writer nor
// the other way round, a commit is one append without waiting for the disk, and a killed process leaves only a
// journal that the next one replays. The mode stays in the file, and Python's sqlite3 follows it. Where it cannot be
// had (another process is in the middle of something, or the file system has no shared memory) SQLite keeps the
// rollback journal, which is as safe and slower.
func (s *Store) chooseJournal(ctx context.Context) error {
	conn, err := s.writer.take(ctx)
	if err != nil {
		return err
	}
	defer func() { s.writer.idle <- conn }()
	var mode string
	for attempt := range 10 {
		err := conn.conn.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
		if err == nil {
			return nil
		}
		if !isBusy(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(attempt+1) * 5 * time.Millisecond):
		}
	}
	return nil
}

func (s *Store) openError(err error) error {
	if errors.Is(err, ErrNotMLflow) || errors.Is(err, ErrUnknownRevision) {
		return err
	}
	return fmt.Errorf("embedded MLflow store: opening %s: %w", s.path, s.databaseError(err))
}
