package rest

import (
	"io"
	"os"
)

// FileBody is implemented by the body of a streamed request ([Request.Open]) that is a part of a file. Where the system can, and the connection
// is not encrypted, it sends the bytes from the file without any copy of them in this process.
type FileBody interface {
	io.ReadCloser
	// Unread is what Read would give, or nil when that is not in a file. The file's own offset stays where it is.
	Unread() (file *os.File, offset, length int64)
	// Skip tells that so many bytes were sent past Read, which continues behind them.
	Skip(n int64)
}

// Unread is the body's, when that is a part of a file.
func (u *upload) Unread() (file *os.File, offset, length int64) {
	if body, ok := u.ReadCloser.(FileBody); ok {
		return body.Unread()
	}
	return nil, 0, 0
}

// Skip winds the watch up as Read does.
func (u *upload) Skip(n int64) {
	u.ReadCloser.(FileBody).Skip(n) // it gave a file before
	u.watch.progress()
}
