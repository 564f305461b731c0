package mlflowclient

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestGitOf(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("REQUIRE_STACK") == "1" {
			t.Fatal(err)
		}
		t.Skip("git is not here; stack/with go test ./mlflowclient, where it has to be, fails then")
	}
	dir := t.TempDir()
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(dir))
	t.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(t.TempDir(), "none"))
	git := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=ann", "-c", "user.email=ann@example.org"}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	if got := gitOf(t.Context(), dir); got != (gitState{}) {
		t.Errorf("no repository: %+v", got)
	}
	git("init", "--quiet", "--initial-branch=main")
	if got := gitOf(t.Context(), dir); got != (gitState{}) {
		t.Errorf("no commit: %+v", got)
	}
	git("commit", "--quiet", "--allow-empty", "--message=first")
	first := gitOf(t.Context(), dir)
	if len(first.commit) != 40 || first.branch != "main" || first.remote != "" {
		t.Errorf("one commit: %+v", first)
	}
	git("remote", "add", "origin", "https://ann:hunter2@example.org/wine.git")
	git("remote", "add", "a", "https://example.org/other.git")
	git("checkout", "--quiet", "-b", "feature/ü")
	git("pack-refs", "--all")
	below := filepath.Join(dir, "a", "b")
	for _, d := range []string{below, filepath.Join(dir, "ignored")} {
		if err := os.MkdirAll(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("ignored/\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if got, want := gitOf(t.Context(), below), (gitState{first.commit, "feature/ü", "https://example.org/wine.git"}); got != want {
		t.Errorf("below: %+v, want %+v", got, want)
	}
	if got := gitOf(t.Context(), filepath.Join(dir, "ignored")); got != (gitState{}) {
		t.Errorf("in an ignored folder: %+v", got)
	}
	git("checkout", "--quiet", "--detach")
	if got := gitOf(t.Context(), dir); got.commit != first.commit || got.branch != "" {
		t.Errorf("detached: %+v", got)
	}
	worktree := filepath.Join(t.TempDir(), "w")
	git("worktree", "add", "--quiet", "-b", "other", worktree)
	if got := gitOf(t.Context(), worktree); got.commit != first.commit || got.branch != "other" || got.remote != "https://example.org/wine.git" {
		t.Errorf("a worktree: %+v", got)
	}
}

func TestWithoutCredentials(t *testing.T) {
	for address, want := range map[string]string{
		"":                                   "",
		"git@example.org:a/b.git":            "git@example.org:a/b.git",
		"/srv/a b.git":                       "/srv/a b.git",
		"https://example.org/a.git":          "https://example.org/a.git",
		"https://u:p@example.org:8443/a?b=c": "https://example.org:8443/a?b=c",
		"ssh://git@example.org/a.git":        "ssh://example.org/a.git",
		"https://u:p@[":                      "",
	} {
		if got := withoutCredentials(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

func TestContextTagsOfTheEnvironment(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"": nil, "{}": {}, `{"a":"b","n":1.50,"t":true,"u":"\u00fc","o":{"x": 1}}`: {"a": "b", "n": "1.50", "t": "true", "u": "ü", "o": `{"x": 1}`},
	} {
		got, err := contextTags(text)
		if err != nil || len(got) != len(want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
		for key := range want {
			if got[key] != want[key] {
				t.Errorf("%s: %s is %q", text, key, got[key])
			}
		}
	}
	for _, text := range []string{"a", "[]", "null", `{"a":`, "1"} {
		if got, err := contextTags(text); err == nil {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestEnvironmentOfRuns(t *testing.T) {
	read := func(vars map[string]string) (settings, error) {
		opt, err := fromMap(vars, "").option()
		if err != nil {
			return settings{}, err
		}
		var s settings
		err = opt(&s)
		return s, err
	}
	s, err := read(map[string]string{
		"MLFLOW_RUN_ID": "r", "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING": "true", "MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL": "0.5",
		"MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING": "3", "MLFLOW_SYSTEM_METRICS_NODE_ID": "node 1", "USER": "bob", "USERNAME": "no",
	})
	if err != nil || s.run != "r" || s.user != "bob" || *s.system != (SystemMetrics{Interval: 5e8, Samples: 3, NodeID: "node 1"}) {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := read(map[string]string{"MLFLOW_TRACKING_USERNAME": "ann", "USER": "bob"}); err != nil || s.system != nil || s.user != "ann" {
		t.Errorf("%+v, %v", s, err)
	}
	for name, value := range map[string]string{
		"MLFLOW_RUN_CONTEXT": "[]", "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING": "maybe", "MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL": "-1",
		"MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING": "1.5", "MLFLOW_SYSTEM_METRICS_NODE_ID": "a#b",
	} {
		vars := map[string]string{"MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING": "1"}
		vars[name] = value
		if s, err := read(vars); err == nil {
			t.Errorf("%s=%s: %+v", name, value, s.system)
		}
	}
}
