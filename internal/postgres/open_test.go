package postgres_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"sync"
	"testing"
	"testing/fstest"

	"mlopsgo/internal/postgres"
	"mlopsgo/internal/stack"
)

// tables are migrations that fail when two sessions carry them out at once, or one of them twice.
func tables(owner string, versions int) postgres.Tables {
	files := fstest.MapFS{}
	for i := 1; i <= versions; i++ {
		text := fmt.Sprintf("CREATE TABLE %[1]s_%[2]d (n integer); SELECT pg_sleep(0.05); INSERT INTO %[1]s_%[2]d VALUES (%[2]d);", owner, i)
		files[fmt.Sprintf("migrations/%03d_table.sql", i)] = &fstest.MapFile{Data: []byte(text), Mode: fs.FileMode(0o644)}
	}
	return postgres.Tables{Owner: owner, Migrations: files, Version: owner + "_version"}
}

// TestManyServicesStartAtOnce has two owners open an empty database in goroutines and processes.
func TestManyServicesStartAtOnce(t *testing.T) {
	if address := os.Getenv("POSTGRES_TEST_OPEN"); address != "" {
		openAll(t, address) // the process that the test started
		return
	}
	address := stack.Database(t)
	var group sync.WaitGroup
	group.Go(func() {
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestManyServicesStartAtOnce$")
		command.Env = append(os.Environ(), "POSTGRES_TEST_OPEN="+address)
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("the other process: %v\n%s", err, out)
		}
	})
	openAll(t, address)
	group.Wait()
	pool, err := postgres.Open(t.Context(), address, tables("first", 3))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, table := range []string{"first_1", "first_2", "first_3", "second_1", "second_2", "second_3"} {
		var rows int
		if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&rows); err != nil || rows != 1 {
			t.Errorf("%s has %d rows (%v), want 1", table, rows, err)
		}
	}
}

func openAll(t *testing.T, address string) {
	t.Helper()
	var group sync.WaitGroup
	for range 3 {
		for _, owner := range []string{"first", "second"} {
			group.Go(func() {
				pool, err := postgres.Open(t.Context(), address, tables(owner, 3))
				if err != nil {
					t.Error(err)
					return
				}
				pool.Close()
			})
		}
	}
	group.Wait()
}
