//go:build !linux

package rest

import "net"

// quickACK does nothing: other systems have no such option.
func quickACK(conn net.Conn) net.Conn { return conn }
