package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// wrkID is the id of all requests of wrk.
const wrkID = "wrk"

// wrkConnections make 500 requests a second, and for a second of eight 4,000: then frames are cut by their number of rows.
const wrkConnections = 24

//go:embed testdata/wrk.lua
var wrkScript []byte

// wrk is the load of one that counts what fails and does not look at the answers, beside that which does.
type wrk struct {
	t    *testing.T
	cmd  *exec.Cmd
	said strings.Builder
}

// startWrk is nil where wrk is not installed.
func startWrk(t *testing.T, url string) *wrk {
	t.Helper()
	program, err := exec.LookPath("wrk")
	if err != nil {
		t.Logf("wrk is not installed (apt-get install wrk): its load is left out: %v", err)
		return nil
	}
	script := filepath.Join(t.TempDir(), "wrk.lua")
	must(t, os.WriteFile(script, wrkScript, 0o600))
	w := &wrk{t: t, cmd: exec.CommandContext(context.WithoutCancel(t.Context()), program, "--threads", "1", "--connections", fmt.Sprint(wrkConnections),
		"--timeout", "20s", "--duration", "10m", "--script", script, url+"/predict", "--", wrkID)}
	w.cmd.Stdout, w.cmd.Stderr = &w.said, &w.said
	must(t, w.cmd.Start())
	t.Cleanup(func() {
		if w.cmd.ProcessState == nil {
			_ = w.cmd.Process.Kill() // the test has failed
			_ = w.cmd.Wait()
		}
	})
	return w
}

// stop ends the load, in which nothing may have failed, and gives the number of requests that were answered.
func (w *wrk) stop() (answered int) {
	w.t.Helper()
	must(w.t, w.cmd.Process.Signal(os.Interrupt))
	must(w.t, w.cmd.Wait())
	_, result, _ := strings.Cut(w.said.String(), "\nresult ")
	var connect, read, write, status, timeout int
	if _, err := fmt.Sscan(result, &answered, &connect, &read, &write, &status, &timeout); err != nil {
		w.t.Fatalf("wrk printed %v:\n%s", err, &w.said)
	}
	if connect+read+write+status+timeout > 0 || answered == 0 {
		w.t.Errorf("of %d requests of wrk failed: connecting %d, reading %d, writing %d, another status than 2xx %d, no answer in time %d",
			answered, connect, read, write, status, timeout)
	}
	return answered
}

// compareWrk holds what wrk was answered against Postgres: a row for each request, and one more at most for each connection, whose last
// answer wrk does not count; each with the label of the version that gave it.
func (c *chaos) compareWrk(answered int) {
	c.t.Helper()
	conn, err := pgx.Connect(c.t.Context(), c.own.PostgresURL)
	must(c.t, err)
	defer conn.Close(c.t.Context())
	const sql = `SELECT count(*), count(*) FILTER (WHERE prediction::int IS DISTINCT FROM
		10 * model_version::int + CASE WHEN (features->>'alcohol')::float > 10 THEN 1 ELSE 0 END) FROM predictions WHERE request_id = $1`
	var rows, wrong int
	c.await("what wrk was answered is in Postgres", func() bool {
		must(c.t, conn.QueryRow(c.t.Context(), sql, wrkID).Scan(&rows, &wrong))
		return rows >= answered
	})
	c.t.Logf("wrk: %d requests, %d rows in Postgres", answered, rows)
	if rows > answered+wrkConnections || wrong != 0 {
		c.t.Errorf("%d requests of wrk were answered; Postgres has %d rows, %d with a wrong label", answered, rows, wrong)
	}
}
