package stack

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Database makes an empty database of the stack's Postgres for one test, and returns its URL.
func Database(tb testing.TB) string {
	tb.Helper()
	server := Get(tb).PostgresURL
	name := "test_" + strings.ToLower(rand.Text()[:12])
	Execute(tb, server, "CREATE DATABASE "+name)
	tb.Cleanup(func() { Execute(tb, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	address, err := url.Parse(server)
	if err != nil {
		tb.Fatal("the stack's address is not a URL") // without the address, which holds a password
	}
	address.Path = "/" + name
	return address.String()
}

// Execute runs one statement in a database, on a connection of its own. It works in clean-ups too, when the test's context has ended.
func Execute(tb testing.TB, database, sql string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }() // the statement's end is what counts
	if _, err := conn.Exec(ctx, sql); err != nil {
		tb.Fatal(err)
	}
}
