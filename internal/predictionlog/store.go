package predictionlog

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/tern/v2/migrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versionTable holds the number of the last migration. Monitoring's own tables, in the same database, have one of their own.
const versionTable = "predictions_version"

// connectTimeout bounds one attempt to connect, unless the URL sets connect_timeout.
const connectTimeout = 5 * time.Second

// Store is an open connection pool. It is safe for concurrent use and survives restarts of the server: a call that fails may be made
// again.
type Store struct{ pool *pgxpool.Pool }

// Open connects to a database (postgres://user:password@host:port/name, or libpq's key=value form) and brings its table to the version
// of this package. An empty url takes libpq's environment: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE and so on. Close the store.
//
// Errors never hold the password. A database whose table is of a later version than this package is refused.
func Open(ctx context.Context, url string) (*Store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("prediction log: the database's address: %w", err)
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "predictionlog"
	}
	if err := migrateUp(ctx, config.ConnConfig); err != nil {
		return nil, fmt.Errorf("prediction log: %w", err)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("prediction log: %w", err)
	}
	return &Store{pool}, nil
}

// Close closes all connections, after the calls under way.
func (s *Store) Close() { s.pool.Close() }

// migrateUp uses a connection of its own, because tern resets the settings of the one it is given.
func migrateUp(ctx context.Context, config *pgx.ConnConfig) (err error) {
	conn, err := pgx.ConnectConfig(ctx, config.Copy())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	migrator, err := migrate.NewMigrator(ctx, conn, versionTable)
	if err != nil {
		return fmt.Errorf("table %s: %w", versionTable, err)
	}
	if err := migrator.LoadMigrations(files); err != nil {
		return err
	}
	version, err := migrator.GetCurrentVersion(ctx)
	if err != nil {
		return fmt.Errorf("table %s: %w", versionTable, err)
	}
	if known := len(migrator.Migrations); int(version) > known {
		return fmt.Errorf("the table predictions is of version %d, and this program knows versions up to %d: use a newer program", version, known)
	}
	if err := migrator.Migrate(ctx); err != nil {
		return fmt.Errorf("bringing the table predictions up to date: %w", err)
	}
	return nil
}
