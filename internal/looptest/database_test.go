package looptest

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// count gives the one number that a query asks for. The database may be away for a moment.
func (l *loop) count(ctx context.Context, query string, args ...any) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	db, err := pgx.Connect(ctx, l.own.PostgresURL)
	if err != nil {
		return 0, err
	}
	defer db.Close(ctx)
	var n int
	err = db.QueryRow(ctx, query, args...).Scan(&n)
	return n, err
}

// awaitLogged waits until the table holds exactly as many predictions as were answered.
func (l *loop) awaitLogged(t *testing.T, want int) {
	t.Helper()
	got := -1
	await(t, 30*time.Second, "all answered predictions are in Postgres", func() bool {
		n, err := l.count(t.Context(), `SELECT count(*) FROM predictions`)
		if err != nil {
			return false
		}
		if got = n; n > want {
			t.Fatalf("%d predictions in Postgres, %d were asked for", n, want)
		}
		return n == want
	})
	t.Logf("%d predictions in Postgres", got)
}

// query calls row for every row of a query's answer.
func (l *loop) query(t *testing.T, sql string, row func(scan func(...any) error) error) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), l.own.PostgresURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	rows, err := db.Query(t.Context(), sql)
	if err != nil {
		t.Fatalf("%v in\n%s", err, sql)
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%v in\n%s", err, sql)
	}
}
