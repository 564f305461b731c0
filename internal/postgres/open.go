// Package postgres opens a database for a package that owns some of its tables, and brings these to the version that the package knows.
//
// Several owners can share a database: each has migrations and a version table of its own. Errors never hold a password.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/tern/v2/migrate"
)

// connectTimeout bounds one attempt to connect, unless the address sets connect_timeout.
const connectTimeout = 5 * time.Second

// Tables are what one package owns in a database.
type Tables struct {
	// Owner names the package in pg_stat_activity.
	Owner string
	// Migrations holds the folder migrations with tern's files 001_*.sql and so on, which are never changed once they were released.
	Migrations fs.FS
	// Version is the table that holds the number of the last migration.
	Version string
}

// Open connects to a database (postgres://user:password@host:port/name, or libpq's key=value form) and migrates the tables under an
// advisory lock, since several processes may start together. An empty address takes libpq's environment: PGHOST, PGPORT, PGUSER, PGPASSWORD,
// PGDATABASE and so on. Tables of a later version are refused. Close the pool.
func Open(ctx context.Context, address string, tables Tables) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("the database's address: %w", withoutAddress(err))
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = tables.Owner
	}
	if err := tables.migrate(ctx, config.ConnConfig); err != nil {
		return nil, fmt.Errorf("database %q on %s: %w", config.ConnConfig.Database, config.ConnConfig.Host, err)
	}
	return pgxpool.NewWithConfig(ctx, config)
}

// withoutAddress leaves out what an error repeats of an address, which may hold a password.
func withoutAddress(err error) error {
	if parse, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("it is not a URL: %w", parse.Err)
	}
	return err // pgx hides passwords itself
}

// migrate uses a connection of its own, because tern changes the settings of the one it is given.
func (t Tables) migrate(ctx context.Context, config *pgx.ConnConfig) (err error) {
	conn, err := pgx.ConnectConfig(ctx, config.Copy())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	files, err := fs.Sub(t.Migrations, "migrations")
	if err != nil {
		return err
	}
	migrator, err := migrate.NewMigrator(ctx, conn, t.Version)
	if err != nil {
		return fmt.Errorf("table %s: %w", t.Version, err)
	}
	if err := migrator.LoadMigrations(files); err != nil {
		return err
	}
	version, err := migrator.GetCurrentVersion(ctx)
	if err != nil {
		return fmt.Errorf("table %s: %w", t.Version, err)
	}
	// tern would answer with numbers alone.
	if known := len(migrator.Migrations); int(version) > known {
		return fmt.Errorf("its tables are of version %d, and this program knows versions up to %d: use a newer program", version, known)
	}
	if err := migrator.Migrate(ctx); err != nil {
		return fmt.Errorf("bringing the tables up to date: %w", err)
	}
	return nil
}
