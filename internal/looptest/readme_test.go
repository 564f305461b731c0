package looptest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/stack"
)

// notRun are the lines of README's shell blocks that this test cannot run, with the reason.
var notRun = map[string]string{
	"make test":                  "it is what runs this test",
	"docker compose up --detach": "there is no Docker here; the tests of deploy check the file and run its services natively",
}

var shellBlock = regexp.MustCompile("(?s)\n```sh\n(.*?)```\n")

// readme runs every shell block of README.md in order, each in one shell of its own as a reader's terminal would, on a copy of the module.
func (l *loop) readme(t *testing.T) {
	dir := copyOfModule(t)
	text, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := shellBlock.FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 5 {
		t.Fatalf("only %d shell blocks in README.md", len(blocks))
	}
	home := t.TempDir()
	for _, block := range blocks {
		script := runnable(t, block[1])
		if script == "" {
			continue
		}
		l.shell(t, dir, home, script)
	}
}

// runnable leaves out the lines that cannot be run.
func runnable(t *testing.T, block string) string {
	t.Helper()
	var script strings.Builder
	commands := 0
	for line := range strings.Lines(block) {
		command, _, _ := strings.Cut(line, " #")
		command = strings.TrimSpace(command)
		if reason, ok := notRun[command]; ok {
			t.Logf("not run: %s (%s)", command, reason)
			continue
		}
		if command != "" && !strings.HasPrefix(command, "#") {
			commands++
		}
		script.WriteString(line)
	}
	if commands == 0 {
		return ""
	}
	return script.String()
}

// shell runs a block. What it leaves in the background, such as a server, is ended with it.
func (l *loop) shell(t *testing.T, dir, home, script string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n"+script)
	command.Dir = dir
	// Go's caches are the developer's; everything else of the environment is what a newcomer has, plus the folder of the stack.
	command.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "STACK_DIR=" + l.own.Dir, "MLOPSGO_CACHE=" + stack.Cache(t)}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS", "GOSUMDB", "GOTOOLCHAIN"} {
		value, err := exec.CommandContext(ctx, "go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		command.Env = append(command.Env, name+"="+strings.TrimSpace(string(value)))
	}
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	command.WaitDelay = 10 * time.Second
	begin := time.Now()
	if err := command.Run(); err != nil {
		t.Errorf("%v in\n%s\n%s", err, script, &out)
		return
	}
	t.Logf("%.1f s for\n%s\n%s", time.Since(begin).Seconds(), script, &out)
}

// copyOfModule copies what git knows, so that the commands leave nothing in the tree.
func copyOfModule(t *testing.T) string {
	t.Helper()
	root, dir := filepath.Join("..", ".."), t.TempDir()
	command := exec.CommandContext(t.Context(), "bash", "-c", `git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --target-directory="$0"`, dir)
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}
