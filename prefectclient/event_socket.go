package prefectclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

const (
	// handshakeTimeout bounds connecting and authenticating a websocket.
	handshakeTimeout = 15 * time.Second
	// messageLimit is the largest message that is taken from the server.
	messageLimit = 16 << 20
)

// openSocket connects to a websocket of the API and authenticates there: subprotocol "prefect", then a message with
// the token, answered by auth_success.
func (c *Client) openSocket(ctx context.Context, path string) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	address := "ws" + strings.TrimPrefix(c.http.BaseURL(), "http") + path
	conn, resp, err := websocket.Dial( //nolint:bodyclose // the websocket package closes it
		ctx, address, &websocket.DialOptions{
			HTTPClient: c.socketClient(), HTTPHeader: c.header.Clone(), Subprotocols: []string{"prefect"},
		})
	if err != nil {
		e := &Error{Method: "WEBSOCKET", Path: path, Err: err}
		if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
			e.Status, e.Err = resp.StatusCode, nil
			e.Message = "the websocket was refused"
		}
		return nil, e
	}
	conn.SetReadLimit(messageLimit)
	if err := c.authenticateSocket(ctx, conn); err != nil {
		_ = conn.CloseNow()
		return nil, &Error{Method: "WEBSOCKET", Path: path, Status: socketStatus(err), Message: err.Error(), Err: err}
	}
	return conn, nil
}

// socketClient shares the TLS settings of plain calls, but no time-out: a socket lives long.
func (c *Client) socketClient() *http.Client {
	return &http.Client{Transport: c.sockets}
}

func (c *Client) authenticateSocket(ctx context.Context, conn *websocket.Conn) error {
	var token any
	switch {
	case c.settings.AuthString != "":
		token = c.settings.AuthString
	case c.settings.APIKey != "":
		token = c.settings.APIKey
	}
	if err := writeJSON(ctx, conn, map[string]any{"type": "auth", "token": token}); err != nil {
		return err
	}
	_, data, err := conn.Read(ctx)
	if err != nil {
		return err
	}
	var answer struct {
		Type   string `json:"type"`
		Reason string `json:"reason"`
	}
	if err := json.Unmarshal(data, &answer); err != nil || answer.Type != "auth_success" {
		return fmt.Errorf("the server did not take the credentials: %s", answer.Reason)
	}
	return nil
}

// socketStatus tells refused credentials (close code 1008) from a lost connection.
func socketStatus(err error) int {
	var closed websocket.CloseError
	if errors.As(err, &closed) && closed.Code == websocket.StatusPolicyViolation {
		return http.StatusUnauthorized
	}
	return 0
}

func writeJSON(ctx context.Context, conn *websocket.Conn, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return conn.Write(ctx, websocket.MessageText, data)
}
