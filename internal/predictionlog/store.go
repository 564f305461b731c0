package predictionlog

import (
	"context"
	"embed"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"mlopsgo/internal/postgres"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versionTable holds the number of the last migration. Monitoring's own tables, in the same database, have one of their own.
const versionTable = "predictions_version"

// Store is an open connection pool. It is safe for concurrent use and survives restarts of the server: a call that fails may be made
// again.
type Store struct{ pool *pgxpool.Pool }

// Open connects to a database (postgres://user:password@host:port/name, or libpq's key=value form) and brings its table to the version
// of this package. An empty url takes libpq's environment: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE and so on. Close the store.
//
// Errors never hold the password. A database whose table is of a later version than this package is refused.
func Open(ctx context.Context, url string) (*Store, error) {
	pool, err := postgres.Open(ctx, url, postgres.Tables{Owner: "predictionlog", Migrations: migrations, Version: versionTable})
	if err != nil {
		return nil, fmt.Errorf("prediction log: %w", err)
	}
	return &Store{pool}, nil
}

// Close closes all connections, after the calls under way.
func (s *Store) Close() { s.pool.Close() }
