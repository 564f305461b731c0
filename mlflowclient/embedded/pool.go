package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// readers is how many requests may read at the same time, beside the one that writes.
const readers = 4

// pool is a fixed set of connections, each with its own prepared statements.
type pool struct {
	db    *sql.DB
	begin string
	idle  chan *connection
	size  int
}

// newWriter makes the pool of the one connection that writes. SQLite lets one transaction write at a time; goroutines
// queue for it here, which is cheaper than SQLite's waiting and starves none; only processes meet SQLite's lock.
func newWriter(ctx context.Context, path string) (*pool, error) {
	return newPool(ctx, path, "rwc", "BEGIN IMMEDIATE", 1)
}

// newReader makes the pool for reading. Its mode is not "ro": such a connection could not replay the journal that a
// killed process left.
func newReader(ctx context.Context, path string) (*pool, error) {
	return newPool(ctx, path, "rw", "BEGIN", readers)
}

func newPool(ctx context.Context, path, mode, begin string, size int) (*pool, error) {
	db, err := connect(path, mode)
	if err != nil {
		return nil, err
	}
	p := &pool{db: db, begin: begin, idle: make(chan *connection, size)}
	for range size {
		conn, err := db.Conn(ctx)
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.size++
		p.idle <- &connection{conn: conn, statements: map[string]*sql.Stmt{}}
	}
	return p, nil
}

// take waits for a connection.
func (p *pool) take(ctx context.Context) (*connection, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case c := <-p.idle:
		return c, nil
	}
}

func (p *pool) close() error {
	var errs []error
	for range p.size {
		errs = append(errs, (<-p.idle).close())
	}
	return errors.Join(append(errs, p.db.Close())...)
}

// write runs f in a transaction that holds the file's write lock from its beginning, so that what f reads cannot
// change before it writes. An error rolls everything back. Waiting for the lock ends with ctx; once it is had the
// transaction is not cancelled any more: it takes milliseconds, and either all of the request is stored or nothing.
func (s *Store) write(ctx context.Context, f func(*session) error) error {
	return s.databaseError(s.writer.transaction(ctx, context.WithoutCancel(ctx), f))
}

// read runs f on one consistent state of the file.
func (s *Store) read(ctx context.Context, f func(*session) error) error {
	return s.databaseError(s.reader.transaction(ctx, ctx, f))
}

func (p *pool) transaction(ctx, inside context.Context, f func(*session) error) error {
	c, err := p.take(ctx)
	if err != nil {
		return err
	}
	defer func() { p.idle <- c }()
	always := context.WithoutCancel(ctx)
	// Where ctx ends while BEGIN is at work, the driver may report that although the transaction has begun.
	if err := c.run(ctx, p.begin); err != nil {
		return errors.Join(err, c.rollback(always))
	}
	if err := f(&session{ctx: inside, c: c}); err != nil {
		return errors.Join(err, c.rollback(always))
	}
	if err := c.run(always, "COMMIT"); err != nil {
		return errors.Join(err, c.rollback(always))
	}
	return nil
}

// connection is one SQLite connection. One goroutine uses it at a time.
type connection struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
}

// statement is the prepared form of query, kept for the life of the connection. Only constant texts may come here.
func (c *connection) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if st, ok := c.statements[query]; ok {
		return st, nil
	}
	st, err := c.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	c.statements[query] = st
	return st, nil
}

func (c *connection) run(ctx context.Context, query string) error {
	st, err := c.statement(ctx, query)
	if err != nil {
		return err
	}
	_, err = st.ExecContext(ctx)
	return err
}

// rollback ends the transaction. After a full disk, for one, SQLite has ended it already.
func (c *connection) rollback(ctx context.Context) error {
	if err := c.run(ctx, "ROLLBACK"); err != nil && !strings.Contains(err.Error(), "no transaction is active") {
		return fmt.Errorf("rolling back: %w", err)
	}
	return nil
}

func (c *connection) close() error {
	var errs []error
	for _, st := range c.statements {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, c.conn.Close())...)
}
