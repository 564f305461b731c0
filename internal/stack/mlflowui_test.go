package stack_test

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
)

func TestMLflowUIServesTheFolderAndStops(t *testing.T) {
	dir := t.TempDir()
	var address string
	t.Run("running", func(t *testing.T) {
		address = stack.MLflowUI(t, dir)
		body := get(t, address+"/api/2.0/mlflow/experiments/get?experiment_id=0")
		if !strings.Contains(body, `"name": "Default"`) {
			t.Errorf("experiment 0 is %s", body)
		}
		if _, err := os.Stat(filepath.Join(dir, "mlflow.db")); err != nil {
			t.Errorf("the server does not use the folder: %v", err)
		}
	})
	if address == "" {
		return // skipped
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", u.Host); err == nil {
		conn.Close()
		t.Errorf("something still listens on %s after the test", u.Host)
	}
}

func get(t *testing.T, address string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s: %s", address, response.Status, body)
	}
	return string(body)
}
