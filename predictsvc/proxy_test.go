package predictsvc

import (
	"io"
	"net"
	"sync"
	"testing"
)

// proxy stands in front of a server and can be cut: it then refuses connections and breaks those under way, as a server does that was
// killed, without anything being done to the server, which other tests use too.
type proxy struct {
	tb       testing.TB
	address  string
	upstream string

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	group    sync.WaitGroup
}

func newProxy(tb testing.TB, upstream string) *proxy {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(tb, err)
	p := &proxy{tb: tb, address: listener.Addr().String(), upstream: upstream, conns: map[net.Conn]bool{}}
	p.start(listener)
	tb.Cleanup(p.cut)
	return p
}

func (p *proxy) start(listener net.Listener) {
	p.mu.Lock()
	p.listener = listener
	p.mu.Unlock()
	p.group.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			p.group.Go(func() { p.forward(conn) })
		}
	})
}

func (p *proxy) forward(down net.Conn) {
	defer down.Close()
	up, err := net.Dial("tcp", p.upstream)
	if err != nil {
		return
	}
	defer up.Close()
	if !p.track(down, up) {
		return
	}
	done := make(chan struct{})
	go func() {
		_, _ = io.Copy(up, down)
		up.Close()
		close(done)
	}()
	_, _ = io.Copy(down, up)
	down.Close()
	<-done
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, down)
	delete(p.conns, up)
}

// track is false for a connection that came while the proxy was cut.
func (p *proxy) track(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener == nil {
		return false
	}
	for _, c := range conns {
		p.conns[c] = true
	}
	return true
}

// cut refuses from now on.
func (p *proxy) cut() {
	p.mu.Lock()
	if p.listener != nil {
		p.listener.Close()
		p.listener = nil
	}
	for c := range p.conns {
		c.Close()
	}
	p.mu.Unlock()
	p.group.Wait()
}

// restore listens at the same address again.
func (p *proxy) restore() {
	p.tb.Helper()
	listener, err := net.Listen("tcp", p.address)
	must(p.tb, err)
	p.start(listener)
}
