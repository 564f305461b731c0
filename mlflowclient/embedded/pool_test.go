package embedded

import (
	"context"
	"testing"
	"time"
)

// A context that ends while BEGIN is at work must leave no transaction open: the connection serves the next request.
func TestTransactionCancelledWhileBeginning(t *testing.T) {
	s := openStore(t)
	nothing := func(*session) error { return nil }
	for i := range 2000 {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(time.Duration(i%100)*time.Microsecond, cancel)
		_ = s.write(ctx, nothing) // cancelled or not, as it comes
		_ = s.read(ctx, nothing)
		timer.Stop()
		cancel()
		if err := s.write(t.Context(), nothing); err != nil {
			t.Fatalf("writing after %d cancelled requests: %v", i+1, err)
		}
		for range readers {
			if err := s.read(t.Context(), nothing); err != nil {
				t.Fatalf("reading after %d cancelled requests: %v", i+1, err)
			}
		}
	}
}
