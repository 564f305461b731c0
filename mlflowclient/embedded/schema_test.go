package embedded

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestSchemaEqualsMLflow creates a file, lets MLflow's migrations create another, and compares the catalogues:
// columns, keys, indexes, triggers, and the names of constraints, by which later migrations find them. Then it uses a
// file of every revision that Open accepts.
func TestSchemaEqualsMLflow(t *testing.T) {
	dir := t.TempDir()
	ours := filepath.Join(dir, "ours.db")
	openAt(t, ours, filepath.Join(dir, "mlruns"))
	chain := strings.Fields(runPython(t, dir, "schema.py", "revisions", dir))
	if !slices.Equal(chain, knownRevisions[:]) {
		t.Fatalf("MLflow's revisions are\n%q\nknown here are\n%q", chain, knownRevisions)
	}
	theirs := filepath.Join(dir, schemaRevision+".db")
	lines := strings.Split(strings.TrimSpace(runPython(t, dir, "schema.py", "catalogue", theirs, ours)), "\n")
	var want, got map[string]any
	if err := errors.Join(json.Unmarshal([]byte(lines[0]), &want), json.Unmarshal([]byte(lines[1]), &got)); err != nil {
		t.Fatal(err)
	}
	tables, ourTables := want["tables"].(m), got["tables"].(m)
	if len(tables) < 60 {
		t.Errorf("only %d tables were compared", len(tables))
	}
	for name, table := range tables {
		if !reflect.DeepEqual(table, ourTables[name]) {
			t.Errorf("table %s\nMLflow: %v\nours:   %v", name, table, ourTables[name])
		}
	}
	delete(want, "tables")
	delete(got, "tables")
	if len(ourTables) != len(tables) || !reflect.DeepEqual(want, got) {
		t.Errorf("%d tables and %v, want %d and %v", len(ourTables), got, len(tables), want)
	}
	for _, revision := range chain {
		useRevision(t, filepath.Join(dir, revision+".db"))
	}
}

// useRevision writes and reads all that there is in a file of an older schema.
func useRevision(t *testing.T, path string) {
	t.Helper()
	s := openAt(t, path, filepath.Join(filepath.Dir(path), "mlruns"))
	experiment := post(t, s, "experiments/create", m{"name": "e", "tags": []m{{"key": "a", "value": "b"}}})["experiment_id"].(string)
	id := newRun(t, s)
	post(t, s, "runs/log-batch", m{"run_id": id, "metrics": []m{{"key": "a", "value": 1, "timestamp": 1}}, "params": []m{{"key": "a", "value": "1"}}, "tags": []m{{"key": "a", "value": "1"}}})
	post(t, s, "runs/log-inputs", m{"run_id": id, "datasets": []m{{"dataset": m{"name": "n", "digest": "d", "source_type": "s", "source": "x"}}}})
	post(t, s, "runs/outputs", m{"run_id": id, "models": []m{{"model_id": "m-1"}}})
	post(t, s, "runs/delete", m{"run_id": id})
	post(t, s, "runs/restore", m{"run_id": id})
	found := post(t, s, "runs/search", m{"experiment_ids": []string{"0"}, "filter": "metrics.a = 1 AND params.a = '1' AND datasets.name = 'n'"})
	if runs, _ := found["runs"].([]any); len(runs) != 1 {
		t.Errorf("%s: found %v", path, found)
	}
	post(t, s, "experiments/delete", m{"experiment_id": experiment})
	if got := post(t, s, "experiments/search", m{"max_results": 10, "view_type": "ALL"}); len(got["experiments"].([]any)) != 2 {
		t.Errorf("%s: experiments %v", path, got)
	}
}

// TestRefusedFiles checks that files which are not ours to use stay as they are, with nothing beside them.
func TestRefusedFiles(t *testing.T) {
	exec := func(t *testing.T, path string, statements ...string) {
		t.Helper()
		db, err := connect(path, "rwc")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, text := range statements {
			if _, err := db.ExecContext(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
	}
	ours := func(t *testing.T, path string) {
		t.Helper()
		s, err := Open(t.Context(), path, "mlruns")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T, path string)
		want error
		says string
	}{
		{"text", func(t *testing.T, path string) { writeFile(t, path, "not a database") }, ErrNotMLflow, "not a database"},
		{"other SQLite", func(t *testing.T, path string) { exec(t, path, "CREATE TABLE notes (a)") }, ErrNotMLflow, "notes"},
		{"other SQLite in WAL mode", func(t *testing.T, path string) { exec(t, path, "PRAGMA journal_mode=WAL", "CREATE TABLE notes (a)") }, ErrNotMLflow, "notes"},
		{"newer", func(t *testing.T, path string) {
			ours(t, path)
			exec(t, path, "UPDATE alembic_version SET version_num = 'ffffffffffff'")
		}, ErrUnknownRevision, "mlflow db upgrade sqlite:///"},
		{"two heads", func(t *testing.T, path string) {
			ours(t, path)
			exec(t, path, "INSERT INTO alembic_version VALUES ('6953534de441')")
		}, ErrUnknownRevision, "6953534de441"},
		{"truncated", func(t *testing.T, path string) {
			ours(t, path)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, path, string(text[:2000]))
		}, nil, "cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "a #?% b.db")
			c.make(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Open(t.Context(), path, "mlruns")
			if err == nil {
				s.Close()
				t.Fatal("the file was accepted")
			}
			if c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %q, want %v with %q and the path", err, c.want, c.says)
			}
			after, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(after, before) {
				t.Errorf("the file was changed (%v)", err)
			}
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) != 1 {
				t.Errorf("left beside it: %v %v", entries, err)
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ path, root, says string }{
		{"", "mlruns", "is empty"},
		{dir, "mlruns", "is a folder"},
		{filepath.Join(dir, "x.db"), "", "artifact root"},
		{filepath.Join(writeFile(t, filepath.Join(dir, "file"), "x"), "mlflow.db"), "mlruns", "cannot be made"},
	} {
		if s, err := Open(t.Context(), c.path, c.root); err == nil || !strings.Contains(err.Error(), c.says) {
			if s != nil {
				s.Close()
			}
			t.Errorf("Open(%q, %q): %v, want %q", c.path, c.root, err, c.says)
		}
	}
}

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestArtifactURIs checks where artifacts go, against MLflow's rules.
func TestArtifactURIs(t *testing.T) {
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ root, want string }{
		{"./mlruns", wd + "/mlruns/0"},
		{"mlruns", wd + "/mlruns/0"},
		{"/abs/x/", "/abs/x/0"},
		{"file:///abs", "file:///abs/0"},
		{"s3://bucket/p?x=1", "s3://bucket/p/0?x=1"},
		{"mlflow-artifacts:/", "mlflow-artifacts:/0"},
	} {
		s, err := Open(t.Context(), filepath.Join(t.TempDir(), "mlflow.db"), c.root)
		if err != nil {
			t.Fatal(err)
		}
		got := get(t, s, "experiments/get?experiment_id=0")["experiment"].(m)["artifact_location"]
		if got != c.want {
			t.Errorf("root %s gives %v, want %s", c.root, got, c.want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
