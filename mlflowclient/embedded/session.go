package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"modernc.org/sqlite" // the SQLite driver, without cgo
	sqlite3 "modernc.org/sqlite/lib"
)

// session is one transaction. What an operation reads and writes through it is seen, or happens, as a whole.
type session struct {
	ctx context.Context // of this transaction only
	c   *connection
}

func (tx *session) prepared(query string) (*sql.Stmt, error) { return tx.c.statement(tx.ctx, query) }

// exec runs a constant statement and gives the number of rows that it changed.
func (tx *session) exec(query string, args ...any) (int64, error) {
	result, err := tx.insert(query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// insert runs a constant statement for its result.
func (tx *session) insert(query string, args ...any) (sql.Result, error) {
	st, err := tx.prepared(query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(tx.ctx, args...)
}

// first scans the first row of a constant query; found is false when there is none.
func (tx *session) first(query string, args []any, dest ...any) (found bool, err error) {
	st, err := tx.prepared(query)
	if err != nil {
		return false, err
	}
	err = st.QueryRowContext(tx.ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// each calls scan for every row of a constant query.
func (tx *session) each(query string, args []any, scan func(*sql.Rows) error) error {
	st, err := tx.prepared(query)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(tx.ctx, args...)
	if err != nil {
		return err
	}
	return drain(rows, scan)
}

// eachOnce is each for a query that was composed for this request: it is not kept prepared.
func (tx *session) eachOnce(query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := tx.c.conn.QueryContext(tx.ctx, query, args...)
	if err != nil {
		return err
	}
	return drain(rows, scan)
}

func drain(rows *sql.Rows, scan func(*sql.Rows) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// connect opens the file. MLflow's own sessions turn the same pragmas on: foreign keys, and a LIKE that tells upper
// from lower case. With synchronous NORMAL a killed process loses no commit, a power cut perhaps the last ones.
func connect(path, mode string) (*sql.DB, error) {
	return sql.Open("sqlite", fileURI(path, mode, "foreign_keys(1)", "case_sensitive_like(1)", "synchronous(NORMAL)"))
}

// fileURI is the URI by which SQLite opens the file: a path with ? or # in it needs one.
func fileURI(path, mode string, pragmas ...string) string {
	q := url.Values{"mode": {mode}, "_pragma": append([]string{
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
	}, pragmas...)}
	location := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}
	return location.String()
}

func isBusy(err error) bool {
	failure, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	code := failure.Code() & 0xff
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}
