package mlflowclient

import (
	"maps"
	"os"
	"os/user"
	"runtime/debug"
	"sync"
)

// identity is who starts runs, with what, from which source.
type identity struct {
	user, source string
	tags         map[string]string
	git          func() gitState // looked up once, when the first run starts
}

func identify(s *settings) identity {
	who := identity{user: s.user, source: s.source, tags: s.tags, git: sync.OnceValue(sourceState)}
	if who.user == "" {
		who.user = s.rest.Username
	}
	if who.user == "" {
		who.user = systemUser()
	}
	if who.source == "" {
		who.source = program()
	}
	return who
}

// ContextTags are the tags that every run of [Client.Start] gets: who, with which program, from which commit, branch and
// repository as far as they are known, and those of [WithTags]. The commit is the one that the program was built from, where
// the build recorded it, else that of the working directory.
func (c *Client) ContextTags() map[string]string {
	tags := map[string]string{TagUser: c.who.user, TagSourceName: c.who.source, TagSourceType: "LOCAL"}
	git := c.who.git()
	for key, value := range map[string]string{TagGitCommit: git.commit, TagGitBranch: git.branch, TagGitRepoURL: git.remote} {
		if value != "" {
			tags[key] = value
		}
	}
	maps.Copy(tags, c.who.tags)
	return tags
}

// systemUser is the account's name, or MLflow's word for none: containers often run under a number without a name.
func systemUser() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "unknown"
}

// program is the main package's path: `go run` puts the binary in a folder whose name says nothing.
func program() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Path != "" && info.Path != "command-line-arguments" {
		return info.Path
	}
	return os.Args[0]
}

// builtFrom is the commit that the program was built from, if the build recorded it.
func builtFrom() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
