// Package command is what every command of this module does the same way: flags and environment through kong, `--help` that explains,
// a context that ends on SIGINT and SIGTERM, one clear line for an error, and the exit code.
//
// Exit codes: 0 done, 1 an error (bad data, a server that does not answer), 2 a wrong use of flags or arguments, 128 + the signal's
// number when a signal ended the work (130 for Ctrl-C). A second signal ends the process at once.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// Command is a kong grammar that does its work in Run: results go to stdout, everything about the work to stderr.
type Command interface {
	Run(ctx context.Context, stdout, stderr io.Writer) error
}

// Spec names a command for its help text.
type Spec struct {
	// Name is how a user calls it, for instance "hpo".
	Name string
	// Description is the text above the flags: what it does, what it needs, and one or two examples.
	Description string
	// Groups are the headings of the flags that have the tag group, in the order in which the help shows them.
	Groups []Group
}

// Group is a heading of flags.
type Group struct{ Key, Title string }

// Main runs the command with the process's arguments and returns the exit code for os.Exit.
func Main(spec Spec, command Command) int {
	ctx, stop := untilSignal(context.Background())
	defer stop()
	return Execute(ctx, spec, command, os.Args[1:], os.Stdout, os.Stderr)
}

// Execute parses args into command, runs it and returns the exit code. Tests call it as Main does.
func Execute(ctx context.Context, spec Spec, command Command, args []string, stdout, stderr io.Writer) int {
	helped := false
	groups := make([]kong.Group, len(spec.Groups))
	for i, g := range spec.Groups {
		groups[i] = kong.Group{Key: g.Key, Title: g.Title}
	}
	parser, err := kong.New(command,
		kong.ExplicitGroups(groups),
		kong.Name(spec.Name),
		kong.Description(spec.Description),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 100}),
	)
	if err != nil {
		return fail(stderr, spec, err)
	}
	_, err = parser.Parse(args)
	switch {
	case helped:
		return 0
	case err != nil:
		say(stderr, "%s: %s\nusage: %s --help shows all arguments, flags and environment variables", spec.Name, OneLine(err), spec.Name)
		return 2
	}
	err = command.Run(ctx, stdout, stderr)
	interrupted, stopped := errors.AsType[signalError](context.Cause(ctx))
	switch {
	case stopped:
		if err != nil && !errors.Is(err, context.Canceled) {
			say(stderr, "%s: %s", spec.Name, OneLine(err))
		}
		say(stderr, "%s: ended by %s", spec.Name, interrupted.signal)
		return 128 + int(interrupted.signal)
	case err != nil:
		return fail(stderr, spec, err)
	}
	return 0
}

// UsageError is an error that a flag's value caused, found only when the command runs: exit code 2.
type UsageError struct{ Message string }

// Error returns the message.
func (e UsageError) Error() string { return e.Message }

// Usagef makes a [UsageError].
func Usagef(format string, args ...any) error {
	return UsageError{Message: fmt.Sprintf(format, args...)}
}

func fail(stderr io.Writer, spec Spec, err error) int {
	say(stderr, "%s: %s", spec.Name, OneLine(err))
	if _, ok := errors.AsType[UsageError](err); ok {
		return 2
	}
	return 1
}

// say writes one line. A closed standard error leaves nobody to tell.
func say(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format+"\n", args...)
}

// OneLine keeps an error on one line, so that a log has one entry for it.
func OneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}

type signalError struct{ signal syscall.Signal }

func (e signalError) Error() string { return "ended by " + e.signal.String() }

// untilSignal returns a context that the first SIGINT or SIGTERM cancels. From then on the signals have their default effect again, so a
// second one ends a process that does not come to an end.
func untilSignal(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case received := <-signals:
			signal.Stop(signals)
			if number, ok := received.(syscall.Signal); ok {
				cancel(signalError{number})
				return
			}
			cancel(context.Canceled)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(context.Canceled)
	}
}
