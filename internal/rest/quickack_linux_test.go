package rest

import (
	"io"
	"net"
	"testing"
	"time"
)

// nagle answers each byte with two segments. With Nagle's algorithm on, the second one waits for the acknowledgement
// of the first, as on MLflow's server.
func nagle(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.(*net.TCPConn).SetNoDelay(false)
			go func() {
				defer conn.Close()
				one := make([]byte, 1)
				for {
					if _, err := conn.Read(one); err != nil {
						return
					}
					_, _ = conn.Write([]byte("head"))
					_, _ = conn.Write([]byte("tail"))
				}
			}()
		}
	}()
	return listener.Addr().String()
}

// exchange is the time of n questions and answers.
func exchange(t *testing.T, conn net.Conn, n int) time.Duration {
	t.Helper()
	began := time.Now()
	answer := make([]byte, 8)
	for range n {
		if _, err := conn.Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, answer); err != nil {
			t.Fatal(err)
		}
	}
	return time.Since(began)
}

func TestQuickACKBeatsNagle(t *testing.T) {
	address := nagle(t)
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	const n = 50 // a new connection acknowledges at once for the first few
	slow, fast := exchange(t, dial(), n), exchange(t, quickACK(dial()), n)
	t.Logf("%d exchanges: %v delayed, %v at once: %.1f times as fast", n, slow, fast, float64(slow)/float64(fast))
	if fast*3 > slow {
		t.Errorf("the acknowledgement is still delayed: %v with, %v without", fast, slow)
	}
}

func TestQuickACKLeavesOtherConnectionsAlone(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if quickACK(a) != a {
		t.Error("a pipe was wrapped")
	}
	if _, ok := quickACK(&net.TCPConn{}).(*quickConn); ok {
		t.Error("a connection without a socket was wrapped")
	}
}
