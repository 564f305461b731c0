package rest

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

func TestDecide(t *testing.T) {
	answer := func(status int, header ...string) *Response {
		r := &Response{Status: status, Header: http.Header{}}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return r
	}
	tests := []struct {
		name             string
		outcome          Outcome
		again, untouched bool
	}{
		{"success", Outcome{Response: answer(200)}, false, false},
		{"refused for good", Outcome{Response: answer(400), Repeat: Harmless}, false, true},
		{"not implemented", Outcome{Response: answer(501), Repeat: Harmless}, false, false},
		{"429", Outcome{Response: answer(429)}, true, true},
		{"503 with Retry-After", Outcome{Response: answer(503, "Retry-After", "1")}, true, true},
		{"503 in the server's own words", Outcome{Response: answer(503), Repeatable: true}, true, false},
		{"a status that the user names", Outcome{Response: answer(418), Repeatable: true}, true, false},
		{"503 without", Outcome{Response: answer(503)}, false, false},
		{"503 without, harmless", Outcome{Response: answer(503), Repeat: Harmless}, true, false},
		{"504, harmless", Outcome{Response: answer(504), Repeat: Harmless}, true, false},
		{"500 by its own word", Outcome{Response: answer(500), Repeat: Harmless, Final: true}, false, false},
		{"refused, even if final", Outcome{Response: answer(429), Final: true}, true, true},
		{"lost", Outcome{Err: io.EOF}, false, false},
		{"lost, harmless", Outcome{Err: io.EOF, Repeat: Harmless}, true, false},
		{"not reached", Outcome{Err: &net.OpError{Op: "dial"}, Unreached: true}, true, true},
		{"given up", Outcome{Err: context.Canceled, Repeat: Harmless, Unreached: true}, false, false},
		{"timed out, harmless", Outcome{Err: &TimeoutError{}, Repeat: Harmless}, true, false},
		{"timed out", Outcome{Err: &TimeoutError{}}, false, false},
		{"wrong certificate", Outcome{Err: fmt.Errorf("x: %w", x509.UnknownAuthorityError{}), Repeat: Harmless, Unreached: true}, false, true},
		{"redirected", Outcome{Err: &RedirectError{}, Repeat: Harmless}, false, false},
		{"body gone", Outcome{Err: fmt.Errorf("%w: x", errReopen), Repeat: Harmless, Unreached: true}, false, true},
	}
	for _, tt := range tests {
		got := Decide(tt.outcome)
		if got.Again != tt.again || got.Untouched != tt.untouched || got.Reason == "" {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

func TestBackoffWaits(t *testing.T) {
	b := Backoff{Retries: 7, Factor: 2 * time.Second}.withDefaults()
	want := []float64{0, 4, 8, 16, 32, 64, 120, 120} // urllib3's, with backoff_factor 2
	for i, seconds := range want {
		got, ok := b.wait(i+1, nil, time.Now())
		if !ok || got.Seconds() != seconds {
			t.Errorf("after attempt %d: %v, want %v s", i+1, got, seconds)
		}
	}
	if got, _ := b.wait(10_000, nil, time.Now()); got != 2*time.Minute {
		t.Errorf("after very many attempts: %v", got)
	}
	b.Jitter = time.Second
	least, most := time.Hour, time.Duration(0)
	for range 1000 {
		got, _ := b.wait(2, nil, time.Now())
		least, most = min(least, got), max(most, got)
	}
	if least < 4*time.Second || most >= 5*time.Second || most-least < 800*time.Millisecond {
		t.Errorf("with jitter from %v to %v", least, most)
	}
	huge := Backoff{Factor: time.Duration(1 << 62), Max: time.Minute}.withDefaults()
	if got, _ := huge.wait(5, nil, time.Now()); got != time.Minute {
		t.Errorf("a huge factor gives %v", got)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		header string
		want   time.Duration
		ok     bool
	}{
		{"", 0, false},
		{"0", 0, true},
		{" 120 ", 2 * time.Minute, true},
		{"-1", 0, false},
		{"1.5", 0, false},
		{"99999999999999999999", 0, false},
		{"Fri, 02 Jan 2026 03:05:05 GMT", time.Minute, true},
		{"Friday, 02-Jan-26 03:04:35 GMT", 30 * time.Second, true},
		{"Fri Jan  2 03:04:06 2026", time.Second, true},
		{"Thu, 01 Jan 2026 03:05:05 GMT", 0, true},
		{"soon", 0, false},
	}
	for _, tt := range tests {
		if got, ok := RetryAfter(tt.header, now); got != tt.want || ok != tt.ok {
			t.Errorf("%q: %v %v", tt.header, got, ok)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "0", "120", "-1", "Fri, 02 Jan 2026 03:05:05 GMT", "2147483648"} {
		f.Add(seed)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, header string) {
		if wait, ok := RetryAfter(header, now); wait < 0 || (!ok && wait != 0) {
			t.Errorf("%q: %v %v", header, wait, ok)
		}
	})
}

func TestBackoffRefusesNegatives(t *testing.T) {
	for _, b := range []Backoff{{Retries: -1}, {Factor: -1}, {Jitter: -1}, {Max: -1}} {
		if _, err := New(Config{BaseURL: "http://h", Backoff: b}); err == nil {
			t.Errorf("%+v passes", b)
		}
	}
}

func TestTimeoutErrorIsADeadline(t *testing.T) {
	err := fmt.Errorf("x: %w", &TimeoutError{After: time.Second})
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
