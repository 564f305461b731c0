package rest

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// section is a FileBody that counts which way its bytes went.
type section struct {
	*io.SectionReader
	file          *os.File
	read, skipped int64
}

func (s *section) Read(p []byte) (int, error) {
	n, err := s.SectionReader.Read(p)
	s.read += int64(n)
	return n, err
}

func (s *section) Close() error { return nil }

func (s *section) Unread() (file *os.File, offset, length int64) {
	_, offset, length = s.Outer()
	at, _ := s.Seek(0, io.SeekCurrent)
	return s.file, offset + at, length - at
}

func (s *section) Skip(n int64) {
	_, _ = s.Seek(n, io.SeekCurrent)
	s.skipped += n
}

// numbered is a file in which no two kilobytes are the same.
func numbered(t *testing.T, size int) (*os.File, []byte) {
	t.Helper()
	content := make([]byte, 0, size+8)
	for i := 0; len(content) < size; i++ {
		content = append(content, byte(i), byte(i>>8), byte(i>>16))
	}
	content = content[:size]
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file, content
}

func TestFilesAreSentByTheSystem(t *testing.T) {
	file, content := numbered(t, 3<<20)
	const offset, length = 12345, 2 << 20
	s := &script{answers: []http.HandlerFunc{status(503)}}
	c := client(t, Config{BaseURL: server(t, s.ServeHTTP)})
	var bodies []*section
	_, err := c.Do(t.Context(), &Request{
		Method: http.MethodPut, Path: "/f", Length: length, Repeat: Harmless,
		Open: func() (io.ReadCloser, error) {
			bodies = append(bodies, &section{SectionReader: io.NewSectionReader(file, offset, length), file: file})
			return bodies[len(bodies)-1], nil
		},
	})
	if err != nil || len(s.bodies) != 2 {
		t.Fatalf("error %v, %d bodies", err, len(s.bodies))
	}
	for i, body := range s.bodies {
		if body != string(content[offset:offset+length]) {
			t.Errorf("attempt %d: %d bytes arrived, or others", i+1, len(body))
		}
		if sent := bodies[i]; sent.read+sent.skipped != length || runtime.GOOS == "linux" && sent.read > 64<<10 {
			t.Errorf("attempt %d: %d bytes were read and %d sent past reading", i+1, sent.read, sent.skipped)
		}
	}
}

func TestFilesThatBecomeShorter(t *testing.T) {
	file, _ := numbered(t, 1<<20)
	const length = 2 << 20 // what it had before
	c := client(t, Config{BaseURL: server(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })})
	_, err := c.Do(t.Context(), &Request{
		Method: http.MethodPut, Path: "/f", Length: length,
		Open: func() (io.ReadCloser, error) {
			return &section{SectionReader: io.NewSectionReader(file, 0, length), file: file}, nil
		},
	})
	if err == nil || !strings.Contains(err.Error(), "ContentLength=2097152 with Body length 1048576") {
		t.Errorf("error %v", err)
	}
}

func TestBodiesThatAreInNoFile(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 50_000)
	s := &script{}
	c := client(t, Config{BaseURL: server(t, s.ServeHTTP)})
	body := &section{SectionReader: io.NewSectionReader(bytes.NewReader(content), 0, int64(len(content)))}
	_, err := c.Do(t.Context(), &Request{
		Method: http.MethodPut, Path: "/f", Length: int64(len(content)), Open: func() (io.ReadCloser, error) { return body, nil },
	})
	if err != nil || s.bodies[0] != string(content) || body.skipped != 0 {
		t.Errorf("error %v, %d bytes were sent past reading", err, body.skipped)
	}
}
