package mlflowclient

import (
	"context"
	"net/url"
	"os/exec"
	"strings"
	"time"
)

// gitState is where a program's source stands.
type gitState struct{ commit, branch, remote string }

// sourceState takes the commit of the build, and branch and remote of the working directory where they belong to it.
func sourceState() gitState {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	built, here := builtFrom(), gitOf(ctx, ".")
	if built == "" || built == here.commit {
		return here
	}
	return gitState{commit: built}
}

// gitOf asks git, which knows all the forms that a repository can have, about the one that a folder is in. Without git, without a
// repository or without a commit all is empty, as it is in Python; and so it is in a folder that the repository ignores, whose
// content no commit tells.
func gitOf(ctx context.Context, dir string) gitState {
	ask := func(args ...string) (string, bool) {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir = dir
		cmd.WaitDelay = time.Second
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err == nil
	}
	commit, ok := ask("rev-parse", "--verify", "HEAD")
	if !ok {
		return gitState{}
	}
	if _, ignored := ask("check-ignore", "--quiet", "."); ignored {
		return gitState{}
	}
	state := gitState{commit: commit}
	state.branch, _ = ask("symbolic-ref", "--short", "--quiet", "HEAD")
	if remotes, ok := ask("config", "--get-regexp", `^remote\..*\.url$`); ok {
		first, _, _ := strings.Cut(remotes, "\n")
		_, address, _ := strings.Cut(first, " ")
		state.remote = withoutCredentials(address)
	}
	return state
}

// withoutCredentials takes user and password out of an address that has a scheme; git@host:path has none and stays.
func withoutCredentials(address string) string {
	if !strings.Contains(address, "://") {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		return "" // what cannot be read may hold a password anywhere
	}
	u.User = nil
	return u.String()
}
