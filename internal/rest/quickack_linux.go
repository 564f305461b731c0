package rest

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// quickACK makes a TCP connection acknowledge what it receives at once. Linux forgets the setting whenever it likes, so
// it is renewed around each read: before, for the segment that the read will wait for, and after, because setting it
// also sends an acknowledgement that the kernel is holding back.
func quickACK(conn net.Conn) net.Conn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return conn
	}
	return &quickConn{TCPConn: tcp, raw: raw, set: func(fd uintptr) {
		// A failure costs 40 ms and nothing else.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
	}}
}

// quickConn is the TCP connection with a ReadFrom of its own, which net/http finds and sends files with: see sendfile_linux.go.
type quickConn struct {
	*net.TCPConn
	raw syscall.RawConn
	set func(fd uintptr)
}

func (c *quickConn) Read(p []byte) (int, error) {
	_ = c.raw.Control(c.set)
	n, err := c.TCPConn.Read(p)
	if err == nil {
		_ = c.raw.Control(c.set)
	}
	return n, err
}
