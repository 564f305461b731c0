package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Outcome is what [Decide] has to know about an attempt: exactly one of Response and Err is set.
type Outcome struct {
	Repeat   Repeat
	Response *Response
	Err      error
	// Unreached says that no connection stood, so that the server cannot have seen the request.
	Unreached bool
	// Repeatable says that the server's own clients repeat any call after this answer.
	Repeatable bool
	// Final says that the client above takes the answer for the server's considered one, or the error for one that no
	// network was involved in.
	Final bool
}

// Verdict is whether an attempt is followed by another, and why (not).
type Verdict struct {
	Again bool
	// Untouched says that the attempt certainly changed nothing on the server.
	Untouched bool
	Reason    string
}

// Decide says whether a call may be sent again after the given outcome. It is the only place that does.
func Decide(o Outcome) Verdict {
	if o.Err != nil {
		return decideError(o)
	}
	switch status := o.Response.Status; {
	case o.Repeatable:
		return Verdict{Again: true, Reason: "the server's own clients repeat any call after this answer"}
	case !Transient(status):
		return Verdict{Untouched: status >= 400 && status < 500, Reason: "the server answered"}
	case status == http.StatusTooManyRequests:
		return Verdict{Again: true, Untouched: true, Reason: "429 refuses the call before it is carried out"}
	case status == http.StatusServiceUnavailable && o.Response.Header.Get("Retry-After") != "":
		return Verdict{Again: true, Untouched: true, Reason: "503 with Retry-After refuses the call before it is carried out"}
	case o.Final:
		return Verdict{Reason: "the server answered with an error of its own"}
	case o.Repeat == Harmless:
		return Verdict{Again: true, Reason: "the status is transient and the call harmless to repeat"}
	default:
		return Verdict{Reason: "the call may have been carried out and is not harmless to repeat"}
	}
}

func decideError(o Outcome) Verdict {
	switch {
	case errors.Is(o.Err, context.Canceled):
		return Verdict{Reason: "the caller gave up"}
	case o.Final || hopeless(o.Err):
		return Verdict{Untouched: o.Unreached, Reason: "the same would happen again"}
	case o.Unreached:
		return Verdict{Again: true, Untouched: true, Reason: "the server was not reached"}
	case o.Repeat == Harmless:
		return Verdict{Again: true, Reason: "the answer was lost and the call is harmless to repeat"}
	default:
		return Verdict{Reason: "the call may have been carried out and is not harmless to repeat"}
	}
}

// hopeless errors come from the configuration or the caller, not from the weather.
func hopeless(err error) bool {
	var redirect *RedirectError
	var unverified *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var notTLS tls.RecordHeaderError
	var alert tls.AlertError
	return errors.As(err, &redirect) || errors.As(err, &unverified) || errors.As(err, &authority) ||
		errors.As(err, &hostname) || errors.As(err, &notTLS) || errors.As(err, &alert) ||
		errors.Is(err, errReopen) || errors.Is(err, errTooLarge) || errors.Is(err, http.ErrSchemeMismatch)
}

// Transient reports the statuses that often pass by themselves: 408, 429, 500, 502, 503 and 504.
func Transient(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// Backoff says how often a call is repeated and how long the waits are: about none before the first repetition, then
// Factor·2, Factor·4, … seconds, each with a random part of up to Jitter, and none longer than Max. These are the
// rules of urllib3, which the servers' Python clients use.
type Backoff struct {
	// Retries is the number of repetitions after the first attempt; 0 repeats nothing.
	Retries int
	// Factor and Jitter may be 0 for no wait at all.
	Factor, Jitter time.Duration
	// Max bounds one wait; 0 means two minutes. A server that asks for a longer one by Retry-After gets no repetition:
	// its answer is returned.
	Max time.Duration
	// IgnoreRetryAfter takes the exponential wait whatever the server asks for.
	IgnoreRetryAfter bool
}

func (b Backoff) validate() error {
	if b.Retries < 0 || b.Factor < 0 || b.Jitter < 0 || b.Max < 0 {
		return fmt.Errorf("a retry setting is negative: %+v", b)
	}
	return nil
}

func (b Backoff) withDefaults() Backoff {
	if b.Max == 0 {
		b.Max = 2 * time.Minute
	}
	return b
}

// wait gives the time to let pass after the given attempt (from 1), and false when the server asks for too long.
func (b Backoff) wait(attempt int, resp *Response, now time.Time) (time.Duration, bool) {
	if resp != nil && !b.IgnoreRetryAfter {
		if asked, ok := RetryAfter(resp.Header.Get("Retry-After"), now); ok {
			return asked, asked <= b.Max
		}
	}
	wait := time.Duration(0)
	if attempt > 1 {
		// Past 2^20 any factor is over any sensible Max; the bound keeps the shift from overflowing.
		wait = min(b.Factor, b.Max) << min(attempt-1, 20)
		if wait < 0 || wait > b.Max {
			wait = b.Max
		}
	}
	if b.Jitter > 0 {
		wait += rand.N(b.Jitter)
	}
	return min(wait, b.Max), true
}

// RetryAfter reads a Retry-After header, which holds seconds or a date (RFC 9110, 10.2.3). A date in the past is no wait.
func RetryAfter(header string, now time.Time) (time.Duration, bool) {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	return max(0, date.Sub(now)), true
}
