package mlflowclient

import (
	"context"
	"io"
	"sync"

	md5simd "github.com/minio/md5-simd"
)

const (
	sumsAtOnce = 16        // as many as the widest processors hash in one go
	sumAhead   = 256 << 20 // bytes; a file is not read further ahead of its sending
	sumBuffer  = 64 << 10
)

// partSums are the MD5s of a content's parts, to compare with the store's ETags. One after the other they would take as long as all else that an
// upload does. So parts are hashed in groups, side by side and apart from their sending: the first while the server prepares the upload, the
// others when the first part of each is sent. That reads a file twice, shortly after each other, which it is in memory for.
type partSums struct {
	content *content
	length  int64    // of each part but the last
	atOnce  int      // parts of a group
	sums    [][]byte // by part
	groups  []sumGroup
	cancel  context.CancelFunc
	work    sync.WaitGroup
}

type sumGroup struct {
	wanted, done chan struct{}
	err          error // valid when done
}

// sumParts begins. Call close when the sums are not needed any more.
func sumParts(ctx context.Context, c *content, length int64) *partSums {
	ctx, cancel := context.WithCancel(ctx)
	s := &partSums{
		content: c, length: length, cancel: cancel,
		atOnce: int(max(1, min(sumsAtOnce, sumAhead/length))),
		sums:   make([][]byte, (c.size+length-1)/length),
	}
	s.groups = make([]sumGroup, (len(s.sums)+s.atOnce-1)/s.atOnce)
	for i := range s.groups {
		s.groups[i] = sumGroup{wanted: make(chan struct{}), done: make(chan struct{})}
	}
	close(s.groups[0].wanted)
	s.work.Go(func() { s.run(ctx) })
	return s
}

// begin is told that a part, numbered from 1, is sent. Each is, once, in order.
func (s *partSums) begin(number int) {
	if group := (number - 1) / s.atOnce; group > 0 && (number-1)%s.atOnce == 0 {
		close(s.groups[group].wanted)
	}
}

// of waits for the sum of a part.
func (s *partSums) of(ctx context.Context, number int) ([]byte, error) {
	group := &s.groups[(number-1)/s.atOnce]
	select {
	case <-group.done:
		return s.sums[number-1], group.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// section is a part's content, for one reader.
func (s *partSums) section(number int) *io.SectionReader {
	offset := int64(number-1) * s.length
	return s.content.section(offset, min(s.length, s.content.size-offset))
}

// close returns when the content is not read any more.
func (s *partSums) close() {
	s.cancel()
	s.work.Wait()
}

// run hashes group by group. The hashers, which share the work of one processor, are used again in each.
func (s *partSums) run(ctx context.Context) {
	server := md5simd.NewServer()
	defer server.Close()
	hashers := make([]md5simd.Hasher, min(s.atOnce, len(s.sums)))
	buffers := make([][]byte, len(hashers))
	for i := range hashers {
		hashers[i], buffers[i] = server.NewHash(), make([]byte, sumBuffer)
	}
	defer func() {
		for _, hasher := range hashers {
			hasher.Close()
		}
	}()
	for i := range s.groups {
		group := &s.groups[i]
		select {
		case <-group.wanted:
		case <-ctx.Done():
			return
		}
		errs := make([]error, len(hashers))
		var parts sync.WaitGroup
		for j, hasher := range hashers {
			if part := i*s.atOnce + j; part < len(s.sums) {
				parts.Go(func() { s.sums[part], errs[j] = s.sum(ctx, part+1, hasher, buffers[j]) })
			}
		}
		parts.Wait()
		for _, err := range errs {
			if err != nil {
				group.err = err
			}
		}
		close(group.done)
	}
}

func (s *partSums) sum(ctx context.Context, number int, hasher md5simd.Hasher, buffer []byte) ([]byte, error) {
	hasher.Reset()
	section := s.section(number)
	for ctx.Err() == nil {
		n, err := section.Read(buffer)
		_, _ = hasher.Write(buffer[:n]) // never fails
		if err == io.EOF {
			return hasher.Sum(make([]byte, 0, md5simd.Size)), nil
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, context.Cause(ctx)
}
