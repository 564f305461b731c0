package embedded

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

var (
	// ErrNotMLflow says that the file exists and holds something else than an MLflow database.
	ErrNotMLflow = errors.New("not an MLflow database")
	// ErrUnknownRevision says that the file is an MLflow database of a version that this package does not know.
	ErrUnknownRevision = errors.New("unknown revision of the MLflow database")
)

// unfinishedWait is how long Open waits for a database that another process, MLflow's server perhaps, is creating.
const unfinishedWait = 20 * time.Second

const sqliteHeader = "SQLite format 3\x00"

// inspectFile decides, without changing a byte, whether the file may be used: missing, empty, or an MLflow database
// of a known revision.
func inspectFile(ctx context.Context, path string) error {
	header, err := readHeader(path)
	if err != nil {
		return fmt.Errorf("embedded MLflow store: %w", err)
	}
	switch {
	case len(header) == 0: // missing or empty
		return nil
	case !bytes.HasPrefix(header, []byte(sqliteHeader)):
		return fmt.Errorf("embedded MLflow store: %s is not an SQLite file (it begins with %q): %w; give the path of another file, it was left as it is",
			path, header[:min(len(header), 16)], ErrNotMLflow)
	}
	db, err := sql.Open("sqlite", inspectionURI(path, header))
	if err != nil {
		return fmt.Errorf("embedded MLflow store: %s: %w", path, err)
	}
	defer db.Close()
	deadline := time.Now().Add(unfinishedWait)
	for {
		_, err := revisionOf(ctx, db, path)
		if err == nil || !errors.Is(err, errUnfinished) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// readHeader gives the first 100 bytes, nothing when there is no file.
func readHeader(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder, not a database file", path)
	}
	header := make([]byte, 100)
	n, err := io.ReadFull(f, header)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return header[:n], nil
}

// inspectionURI opens the file for reading only. A file in WAL mode that nobody has open has no journal beside it,
// and even a reader would create one: such a file is declared immutable.
func inspectionURI(path string, header []byte) string {
	uri := fileURI(path, "ro")
	walMode := len(header) > 19 && header[18] == 2
	if _, err := os.Stat(path + "-wal"); walMode && errors.Is(err, os.ErrNotExist) {
		uri += "&immutable=1"
	}
	return uri
}

// errUnfinished is the state between the first table and the revision row of a database that is being created.
var errUnfinished = errors.New("the database is not finished")

// querier is a database or a connection.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// revisionOf gives the schema revision of an MLflow database that may be used, "" for a file without tables.
func revisionOf(ctx context.Context, q querier, path string) (string, error) {
	tables, err := column(ctx, q, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
	if err != nil {
		return "", fmt.Errorf("embedded MLflow store: %s cannot be read: %w", path, err)
	}
	if len(tables) == 0 {
		return "", nil
	}
	for _, needed := range []string{"experiments", "runs", "metrics"} {
		if !slices.Contains(tables, needed) {
			return "", fmt.Errorf("embedded MLflow store: %s is an SQLite file without MLflow's table %s (it has %q): %w; give the path of another file, it was left as it is",
				path, needed, tables[:min(len(tables), 5)], ErrNotMLflow)
		}
	}
	var revisions []string
	if slices.Contains(tables, "alembic_version") {
		if revisions, err = column(ctx, q, "SELECT version_num FROM alembic_version"); err != nil {
			return "", fmt.Errorf("embedded MLflow store: %s cannot be read: %w", path, err)
		}
	}
	upgrade := "mlflow db upgrade sqlite:///" + filepath.ToSlash(path)
	switch {
	case len(revisions) == 0:
		return "", fmt.Errorf("embedded MLflow store: %s has MLflow's tables but no schema revision (made before MLflow 1.0, or its creation was cut off): %w: %w; take a copy and run: %s",
			path, errUnfinished, ErrUnknownRevision, upgrade)
	case len(revisions) > 1 || !slices.Contains(knownRevisions[:], revisions[0]):
		return "", fmt.Errorf("embedded MLflow store: %s has schema revision %q: %w (known are those of MLflow 3.0 to 3.17.2, %s to %s); an older file is brought there by: %s; for a newer one use its own MLflow server, or another file; it was left as it is",
			path, revisions, ErrUnknownRevision, knownRevisions[0], schemaRevision, upgrade)
	}
	return revisions[0], nil
}

func column(ctx context.Context, q querier, query string) ([]string, error) {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	var values []string
	err = drain(rows, func(rows *sql.Rows) error {
		var v string
		err := rows.Scan(&v)
		values = append(values, v)
		return err
	})
	return values, err
}
