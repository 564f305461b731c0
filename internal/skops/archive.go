package skops

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"sync"
)

// level is the fastest: the arrays of trees become a sixth. The next ones gain a fifth more and take five times as long.
const level = flate.BestSpeed

// writeArchive writes an object to w. Arrays are made and compressed a few at a time, by as many goroutines as Go may use
// CPUs, and written in order: the same object gives the same bytes, and memory does not grow with the number of arrays.
func writeArchive(ctx context.Context, w io.Writer, root *Node) error {
	archive := zip.NewWriter(w)
	schema, arrays := newSchema(root)
	err := inOrder(ctx, arrays, func(n *Node) (*entry, error) { return compress(schema.fileName(n), n.Array) }, func(e *entry) error {
		return e.write(archive)
	})
	if err != nil {
		return err
	}
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, level) })
	file, err := archive.CreateHeader(&zip.FileHeader{Name: "schema.json", Method: zip.Deflate})
	if err != nil {
		return err
	}
	if err := schema.write(file, root); err != nil {
		return err
	}
	return archive.Close()
}

// entry is a compressed file of the archive.
type entry struct {
	header zip.FileHeader
	data   []byte
}

// scratch is what compressing an array needs and the next one can use again.
type scratch struct {
	plain  []byte
	packed bytes.Buffer
	writer *flate.Writer
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func compress(name string, a *Array) (*entry, error) {
	s, _ := scratches.Get().(*scratch)
	defer scratches.Put(s)
	s.plain = a.appendNPY(s.plain[:0])
	s.packed.Reset()
	if s.writer == nil {
		writer, err := flate.NewWriter(&s.packed, level)
		if err != nil {
			return nil, err
		}
		s.writer = writer
	} else {
		s.writer.Reset(&s.packed)
	}
	if _, err := s.writer.Write(s.plain); err != nil {
		return nil, err
	}
	if err := s.writer.Close(); err != nil {
		return nil, err
	}
	return &entry{data: bytes.Clone(s.packed.Bytes()), header: zip.FileHeader{
		Name: name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(s.plain),
		CompressedSize64: uint64(s.packed.Len()), UncompressedSize64: uint64(len(s.plain)),
	}}, nil
}

func (e *entry) write(archive *zip.Writer) error {
	w, err := archive.CreateRaw(&e.header)
	if err != nil {
		return fmt.Errorf("%s: %w", e.header.Name, err)
	}
	_, err = w.Write(e.data)
	return err
}

// inOrder makes something of each item in parallel, and hands the results on in the order of the items.
func inOrder[T, R any](ctx context.Context, items []T, work func(T) (R, error), next func(R) error) error {
	type result struct {
		value R
		err   error
	}
	ctx, cancel := context.WithCancel(ctx)
	workers := runtime.GOMAXPROCS(0)
	pending := make(chan chan result, 2*workers) // bounds what is made ahead of the writing
	slots := make(chan struct{}, workers)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() {
		defer close(pending)
		for _, item := range items {
			done := make(chan result, 1)
			select {
			case pending <- done:
			case <-ctx.Done():
				return
			}
			slots <- struct{}{}
			running.Go(func() {
				value, err := work(item)
				<-slots
				done <- result{value, err}
			})
		}
	})
	for done := range pending {
		r := <-done
		if r.err == nil {
			r.err = next(r.value)
		}
		if r.err != nil {
			return r.err
		}
	}
	return ctx.Err()
}
