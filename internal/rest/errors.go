package rest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TransportError says that a call got no answer: the server was not reached, the connection broke, time ran out or the
// context ended. errors.Is and errors.As see the cause.
type TransportError struct {
	Method    string
	URL       string
	RequestID string
	// Uncertain says that the call may have been carried out all the same.
	Uncertain bool
	Err       error
}

func (e *TransportError) Error() string { return fmt.Sprintf("%s %s: %v", e.Method, e.URL, e.Err) }

func (e *TransportError) Unwrap() error { return e.Err }

// errTooLarge ends the reading of an answer that would not fit.
var errTooLarge = errors.New("the answer is too large")

// explain takes net/http's wrapping off, which repeats method and URL, and says when it was the caller's context.
func explain(ctx context.Context, err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w (last attempt: %w)", cause, err)
	}
	return err
}

// Excerpt makes an answer's body fit for one line of an error text: printable, without markup's blank space, and cut
// after about 300 bytes.
func Excerpt(body []byte) string {
	const limit = 300
	var b strings.Builder
	space := false
	for i := 0; i < len(body); {
		r, size := utf8.DecodeRune(body[i:])
		i += size
		if unicode.IsSpace(r) {
			space = b.Len() > 0
			continue
		}
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			r = '.'
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
		if b.Len() >= limit {
			b.WriteString(" …")
			break
		}
	}
	return b.String()
}
