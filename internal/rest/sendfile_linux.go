package rest

import (
	"errors"
	"io"

	"golang.org/x/sys/unix"
)

// sendfileBytes is how much the kernel is told to send before the next report of progress.
const sendfileBytes = 256 << 10

// ReadFrom sends a request's body, for net/http. What is in a file goes by sendfile, which halves what sending costs.
func (c *quickConn) ReadFrom(r io.Reader) (int64, error) {
	var sent int64
	if limited, ok := r.(*io.LimitedReader); ok {
		if body, ok := limited.R.(FileBody); ok {
			sent = c.sendFile(body, limited.N)
			limited.N -= sent
		}
	}
	n, err := c.TCPConn.ReadFrom(r) // what is left: nothing, all of what is not in a file, or it says what is wrong
	return sent + n, err
}

// sendFile sends up to limit bytes and returns how many. It stops at any failure, which reading and writing will meet again.
func (c *quickConn) sendFile(body FileBody, limit int64) (sent int64) {
	file, offset, length := body.Unread()
	if file == nil {
		return 0
	}
	from, err := file.SyscallConn()
	if err != nil {
		return 0
	}
	for length = min(length, limit); sent < length; {
		n := 0
		to := func(socket uintptr) (done bool) {
			_ = from.Control(func(file uintptr) { // fails when the file was closed: n stays 0
				n, err = unix.Sendfile(int(socket), int(file), &offset, int(min(sendfileBytes, length-sent)))
			})
			return !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR)
		}
		if c.raw.Write(to) != nil || err != nil || n <= 0 {
			break
		}
		sent += int64(n)
		body.Skip(int64(n))
	}
	return sent
}
