// Command probe asks a server for its health. The image of our commands has no shell and no other program that could.
//
//	probe http://127.0.0.1:9003/health
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"mlopsgo/internal/command"
)

const description = `Asks a server for its health: exit code 0 when it answers with a status of 200 to 299 in time, else 1 and the reason.`

// probe is the command's arguments.
type probe struct {
	URL     string        `arg:"" help:"What to GET, for instance http://127.0.0.1:9003/health."`
	Timeout time.Duration `help:"How long the answer may take." default:"5s"`
}

func main() {
	os.Exit(command.Main(command.Spec{Name: "probe", Description: description}, &probe{}))
}

// Run asks once.
func (p *probe) Run(ctx context.Context, stdout, _ io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL, http.NoBody)
	if err != nil {
		return command.Usagef("%s", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("GET %s: %s", p.URL, answer.Status)
	}
	_, err = fmt.Fprintln(stdout, answer.Status)
	return err
}
