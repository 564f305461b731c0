package deploy

import (
	"bufio"
	"debug/elf"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// parse reads a Dockerfile with BuildKit's own parser, and passes on every warning of its linter.
func parse(t *testing.T, file string) []instructions.Stage {
	t.Helper()
	text, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	tree, err := parser.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for _, warning := range tree.Warnings {
		t.Errorf("%s: %s", file, warning.Short)
	}
	lint := linter.New(&linter.Config{
		Warn: func(rule, _, _, message string, _ []parser.Range) { t.Errorf("%s: %s: %s", file, rule, message) },
	})
	stages, _, err := instructions.Parse(tree.AST, lint)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return stages
}

func TestDockerfiles(t *testing.T) {
	for _, file := range []string{"Dockerfile", "python.Dockerfile"} {
		stages := parse(t, file)
		var user string
		names := []string{"scratch"}
		for _, stage := range stages {
			if !slices.Contains(names, stage.BaseName) && !pinned.MatchString(stage.BaseName) {
				t.Errorf("%s: FROM %s has no version", file, stage.BaseName)
			}
			names = append(names, stage.Name)
			user = ""
			for _, command := range stage.Commands {
				switch command := command.(type) {
				case *instructions.UserCommand:
					user = command.User
				case *instructions.CopyCommand:
					if command.From != "" && !slices.Contains(names, command.From) {
						t.Errorf("%s: COPY --from=%s names no stage", file, command.From)
					}
				}
			}
		}
		if user == "" || user == "root" || strings.HasPrefix(user, "0") {
			t.Errorf("%s: what runs in the image runs as %q", file, user)
		}
	}
}

// buildCommand is the `go build` of the Dockerfile, as a shell would split it.
func buildCommand(t *testing.T) []string {
	t.Helper()
	stages := parse(t, "Dockerfile")
	for _, command := range stages[0].Commands {
		run, ok := command.(*instructions.RunCommand)
		if !ok {
			continue
		}
		for part := range strings.SplitSeq(strings.Join(run.CmdLine, " "), "&&") {
			if fields := strings.Fields(part); slices.Contains(fields, "build") {
				return fields
			}
		}
	}
	t.Fatal("the Dockerfile builds nothing")
	return nil
}

var built struct {
	sync.Once
	folder string
}

// commands builds what the Dockerfile does, by its own command, from nothing but the files that .dockerignore lets through, and returns
// the folder with the programs.
func commands(t *testing.T) string {
	t.Helper()
	built.Do(func() {
		source, out := filepath.Join(scratch, "source"), filepath.Join(scratch, "bin")
		if err := copyContext("..", source); err != nil {
			t.Fatal(err)
		}
		fields := buildCommand(t)
		name := slices.Index(fields, "go")
		var env, args []string
		env = append(env, fields[:name]...)
		for _, arg := range fields[name+1:] {
			if arg == "/out/bin/" {
				arg = out + "/"
			}
			args = append(args, arg)
		}
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = source
		cmd.Env = append(os.Environ(), append(env, "GOFLAGS=-mod=readonly", "GOWORK=off")...)
		run(t, cmd)
		built.folder = out
	})
	if built.folder == "" {
		t.Fatal("the Dockerfile's build failed in an earlier test")
	}
	return built.folder
}

// scratch is a folder for all tests of the package: it outlives the test that fills it.
var scratch string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if scratch, err = os.MkdirTemp("", "deploy"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(scratch)
		return m.Run()
	}())
}

// copyContext copies what `docker build` would be given: .dockerignore refuses everything and then names what it lets through.
func copyContext(from, to string) error {
	file, err := os.Open(filepath.Join(from, ".dockerignore"))
	if err != nil {
		return err
	}
	defer file.Close()
	refused := false
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		line := scanner.Text()
		name, allowed := strings.CutPrefix(line, "!")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case line == "*":
			refused = true
		case !allowed || !refused || strings.ContainsAny(name, "*?[\\"):
			return errors.New(".dockerignore: only `*`, and after it names to let through, are understood here: " + line)
		default:
			if err := copyTree(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o600)
	})
}

// An image made FROM scratch has no dynamic linker and no C library.
func TestCommandsAreStatic(t *testing.T) {
	entries, err := os.ReadDir(commands(t))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
		checkStatic(t, filepath.Join(commands(t), entry.Name()))
	}
	if want := []string{"hpo", "ingest", "monitor", "predictor", "probe", "register", "train", "worker"}; !slices.Equal(names, want) {
		t.Errorf("the image has %q, want %q", names, want)
	}
}

func checkStatic(t *testing.T, file string) {
	t.Helper()
	program, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	libraries, err := program.ImportedLibraries()
	if err != nil || len(libraries) > 0 {
		t.Errorf("%s needs %q: %v", file, libraries, err)
	}
	for _, segment := range program.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Errorf("%s asks for a dynamic linker", file)
		}
	}
}
