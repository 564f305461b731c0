package mlflowclient_test

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// The admin of the tests' own server.
const (
	adminName     = "admin"
	adminPassword = "correct horse battery staple"
)

// own is a server with what the shared one has not: accounts, workspaces, and webhooks that may call this machine. It
// takes ten seconds and more to start, so all tests share it, and the end of the suite stops it. It remembers passwords
// that were right, each of which takes a tenth of a second to check.
var own ownServer

type ownServer struct {
	mu     sync.Mutex
	uri    string
	failed bool
	stops  []func()
}

// at returns the server's address.
func (o *ownServer) at(tb testing.TB) string {
	tb.Helper()
	stack.Python(tb, "mlflow") // skips where there is none
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.failed:
		tb.Fatal("the tests' own server did not start, see the first test that needed it")
	case o.uri == "":
		o.failed = true
		o.start(tb)
		o.failed = false
	}
	return record.server(o.uri)
}

func (o *ownServer) start(tb testing.TB) {
	tb.Helper()
	dir, err := os.MkdirTemp("", "mlflow-own") //nolint:usetesting // the first test's own folder would end before the server
	must(tb, err)
	o.stops = append(o.stops, func() { _ = os.RemoveAll(dir) })
	config := filepath.Join(dir, "auth.ini")
	must(tb, os.WriteFile(config, []byte(`[mlflow]
default_permission = NO_PERMISSIONS
database_uri = sqlite:///`+filepath.Join(dir, "auth.db")+`
admin_username = `+adminName+`
grant_default_workspace_access = true
auth_cache_ttl_seconds = 600
`), 0o600))
	uri, stop := stack.StartMLflow(tb, dir,
		[]string{"server", "--app-name", "basic-auth", "--backend-store-uri", "sqlite:///" + filepath.Join(dir, "mlflow.db"), "--artifacts-destination", filepath.Join(dir, "artifacts")},
		[]string{
			"MLFLOW_AUTH_CONFIG_PATH=" + config, "MLFLOW_AUTH_ADMIN_PASSWORD=" + adminPassword, "MLFLOW_FLASK_SERVER_SECRET_KEY=" + rand.Text(),
			"MLFLOW_ENABLE_WORKSPACES=true",
			"MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY=" + base64.URLEncoding.EncodeToString([]byte(rand.Text() + rand.Text())[:32]),
			"MLFLOW_WEBHOOK_ALLOWED_SCHEMES=http", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS=true", "MLFLOW_WEBHOOK_CACHE_TTL=0", "MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES=1",
		})
	o.uri, o.stops = uri, append(o.stops, stop)
}

func (o *ownServer) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, stop := range slices.Backward(o.stops) {
		stop()
	}
	o.stops = nil
}

// admin is a client of the own server that may do everything.
func admin(tb testing.TB, opts ...mlflowclient.Option) *mlflowclient.Client {
	tb.Helper()
	return open(tb, own.at(tb), append([]mlflowclient.Option{mlflowclient.WithBasicAuth(adminName, adminPassword)}, opts...)...)
}

// newUser makes an account on the own server, and a client that uses it.
func newUser(tb testing.TB, c *mlflowclient.Client) (*mlflowclient.User, *mlflowclient.Client) {
	tb.Helper()
	name, password := "user-"+rand.Text()[:10], rand.Text()
	user, err := c.Users.Create(tb.Context(), name, password)
	must(tb, err)
	return user, open(tb, own.at(tb), mlflowclient.WithBasicAuth(name, password))
}

// denied checks that a call failed by its sentinel.
func denied(tb testing.TB, what string, err, sentinel error) {
	tb.Helper()
	if !errors.Is(err, sentinel) {
		tb.Errorf("%s: error %v, want %v", what, err, sentinel)
	}
}
