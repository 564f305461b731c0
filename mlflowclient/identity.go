package mlflowclient

import (
	"os"
	"os/user"
	"runtime/debug"
)

// identity is who starts runs, and with what.
type identity struct{ user, source string }

func identify(s *settings) identity {
	who := identity{user: s.user, source: s.source}
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
