package deploy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"mlopsgo/internal/stack"
)

// cluster is a Postgres of one test, made from nothing as the image makes the one of docker-compose.yml: initdb, then init.sql by psql,
// with the environment that compose gives to the service.
type cluster struct {
	port     int
	env      map[string]string // of the service postgres
	programs string            // folder of psql and the others
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	stack.Get(t) // whoever has the stack has Postgres; under REQUIRE_STACK=1 this installs it
	c := &cluster{port: stack.FreePort(t), env: environment(t, "postgres"), programs: strings.TrimSpace(run(t, exec.CommandContext(t.Context(), "../stack/postgres")))}
	dir := t.TempDir()
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(c.env["POSTGRES_PASSWORD"]+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	var as []string
	if os.Getuid() == 0 { // as whom Postgres refuses to run
		as = []string{"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"}
		for _, path := range []string{filepath.Dir(dir), dir} {
			if err := os.Chmod(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		run(t, exec.CommandContext(t.Context(), "chown", "nobody", data))
	}
	run(t, inRoot(t.Context(), append(as, filepath.Join(c.programs, "initdb"), "--pgdata="+data, "--username=postgres",
		"--pwfile="+password, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync")))
	c.serve(t, append(as, filepath.Join(c.programs, "postgres"), "-D", data, "-c", fmt.Sprint("port=", c.port), "-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories=", "-c", "fsync=off"))
	psql := exec.CommandContext(t.Context(), filepath.Join(c.programs, "psql"), "-v", "ON_ERROR_STOP=1", "--no-password", "--no-psqlrc",
		"--username", "postgres", "--dbname", "postgres", "--file", "postgres/init.sql")
	psql.Env = append(os.Environ(), "PGHOST=127.0.0.1", fmt.Sprint("PGPORT=", c.port), "PGPASSWORD="+c.env["POSTGRES_PASSWORD"],
		"DATABASE_PASSWORD="+c.env["DATABASE_PASSWORD"], "READER_PASSWORD="+c.env["READER_PASSWORD"])
	run(t, psql)
	return c
}

// serve runs the server until the test ends, and waits until it answers.
func (c *cluster) serve(t *testing.T, command []string) {
	t.Helper()
	server := inRoot(context.WithoutCancel(t.Context()), command)
	var log strings.Builder
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() {
		_ = server.Process.Signal(os.Interrupt) // Postgres' fast shutdown
		stop := time.AfterFunc(30*time.Second, func() { _ = server.Process.Kill() })
		defer stop.Stop()
		if err := <-ended; err != nil {
			t.Errorf("Postgres ended with %v\n%s", err, &log)
		}
	})
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		conn, err := c.connect(t.Context(), "postgres", "POSTGRES_PASSWORD", "postgres")
		if err == nil {
			conn.Close(t.Context())
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("Postgres ended: %v\n%s", err, &log)
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("Postgres does not answer: %v", err)
		}
	}
}

// connect opens a connection with the password that compose has under that name.
func (c *cluster) connect(ctx context.Context, role, password, database string) (*pgx.Conn, error) {
	return pgx.Connect(ctx, c.url(role, password, database))
}

func (c *cluster) url(role, password, database string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword(role, c.env[password]),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)), Path: database,
	}).String()
}

func (c *cluster) open(t *testing.T, role, password, database string) *pgx.Conn {
	t.Helper()
	conn, err := c.connect(t.Context(), role, password, database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func TestInitGivesEachServerItsOwnDatabase(t *testing.T) {
	c := startCluster(t)
	servers := []string{"mlflow", "prefect", "evidently", "grafana", "monitoring"}
	for _, server := range servers {
		conn := c.open(t, server, "DATABASE_PASSWORD", server)
		if _, err := conn.Exec(t.Context(), "CREATE TABLE things (id int); INSERT INTO things VALUES (7)"); err != nil {
			t.Errorf("%s cannot make its tables: %v", server, err)
		}
		for _, other := range servers {
			if other != server {
				refused(t, c, server, "DATABASE_PASSWORD", other)
			}
		}
	}

	for _, server := range servers[:4] {
		refused(t, c, "reader", "READER_PASSWORD", server)
	}
	reader := c.open(t, "reader", "READER_PASSWORD", "monitoring")
	var id int
	if err := reader.QueryRow(t.Context(), "SELECT id FROM things").Scan(&id); err != nil || id != 7 {
		t.Errorf("the reader gets %d, %v of a table that monitoring made", id, err)
	}
	for _, sql := range []string{"INSERT INTO things VALUES (8)", "DROP TABLE things", "CREATE TABLE mine (id int)", "SET default_transaction_read_only = off; DELETE FROM things"} {
		if _, err := reader.Exec(t.Context(), sql); err == nil {
			t.Errorf("the reader may %s", sql)
		}
	}
}

// refused makes sure that a role may not even connect, for want of the privilege.
func refused(t *testing.T, c *cluster, role, password, database string) {
	t.Helper()
	conn, err := c.connect(t.Context(), role, password, database)
	if err == nil {
		conn.Close(t.Context())
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); !ok || pgErr.Code != "42501" {
		t.Errorf("%s on database %s: %v, want a refusal", role, database, err)
	}
}

// inRoot makes a command whose working folder every user can enter.
func inRoot(ctx context.Context, command []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = "/"
	return cmd
}

// run returns what the command prints on standard output.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, &said)
	}
	return string(out)
}
