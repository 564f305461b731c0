package mlflowclient

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

func TestPartSums(t *testing.T) {
	data := make([]byte, 37*100_000+7) // three groups, the last of them not full, with a short part
	_, _ = rand.NewChaCha8([32]byte{}).Read(data)
	for _, parts := range []int{1, 4, 16, 38} {
		c := contentOf(data[:min(len(data), parts*100_000)])
		s := sumParts(t.Context(), &c, 100_000)
		for part := range parts {
			s.begin(part + 1)
			sum, err := s.of(t.Context(), part+1)
			if want := md5.Sum(data[part*100_000 : min(int(c.size), (part+1)*100_000)]); err != nil || !bytes.Equal(sum, want[:]) {
				t.Errorf("part %d of %d: %x instead of %x, error %v", part+1, parts, sum, want, err)
			}
		}
		s.close()
	}
}

func TestPartSumsOfLargeParts(t *testing.T) {
	c := content{at: bytes.NewReader(nil), size: 1 << 40}
	s := sumParts(t.Context(), &c, 100<<20)
	defer s.close()
	if s.atOnce != 2 {
		t.Errorf("%d parts of 100 MiB are read ahead", s.atOnce)
	}
}

func TestPartSumsThatCannotBe(t *testing.T) {
	t.Run("read", func(t *testing.T) {
		broken := errors.New("broken")
		c := content{at: failingAt{bytes.NewReader(make([]byte, 5000)), broken}, size: 10_000}
		s := sumParts(t.Context(), &c, 1000)
		defer s.close()
		s.begin(1)
		if _, err := s.of(t.Context(), 1); !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("waited for", func(t *testing.T) {
		c := contentOf(make([]byte, 17_000))
		s := sumParts(t.Context(), &c, 1000)
		defer s.close()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.of(ctx, 17); !errors.Is(err, context.Canceled) { // of a group that nobody has begun
			t.Errorf("error %v", err)
		}
	})
}

// failingAt fails at its end.
type failingAt struct {
	io.ReaderAt
	err error
}

func (f failingAt) ReadAt(p []byte, offset int64) (int, error) {
	n, err := f.ReaderAt.ReadAt(p, offset)
	if err != nil {
		err = f.err
	}
	return n, err
}
