package mlflowclient

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestNewRefuses(t *testing.T) {
	for uri, says := range map[string]string{
		"":                              "empty",
		"mlruns":                        "no longer keeps runs in folders",
		"/abs/mlruns":                   "no longer keeps runs in folders",
		"./mlruns":                      "no longer keeps runs in folders",
		`C:\mlruns`:                     "no longer keeps runs in folders",
		"file:///tmp/mlruns":            "no longer keeps runs in folders",
		"sqlite://":                     "sqlite:///relative.db",
		"sqlite:mlflow.db":              "sqlite:///relative.db",
		"sqlite:///":                    "in memory",
		"sqlite:///:memory:":            "in memory",
		"sqlite:///a.db?mode=ro":        "settings",
		"postgresql://u:hunter2@h/db":   "through an MLflow server",
		"mysql+pymysql://u:hunter2@h/d": "through an MLflow server",
		"databricks":                    "no longer keeps", // reads as a folder's name
		"databricks://profile":          "not supported",
		"http://":                       "http(s)://host",
		"http://u:hunter2@h/?q=1":       "query",
		"http://u:hunter2@h:port/":      "URL",
	} {
		c, err := New(t.Context(), uri)
		if err == nil {
			t.Errorf("%q passes", uri)
			_ = c.Close()
			continue
		}
		if !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", uri, err)
		}
	}
	for name, opt := range map[string]Option{
		"WithBasicAuth": WithBasicAuth("", "x"), "WithToken": WithToken(""), "WithHeader": WithHeader("", "x"),
		"WithClientCertificate": WithClientCertificate("", ""), "WithTimeout": WithTimeout(0), "WithArtifactRoot": WithArtifactRoot(""),
		"WithTransport": WithTransport(nil), "retry": WithRetries(RetryPolicy{Retries: -1}), "authority": WithCertificateAuthority("/none"),
	} {
		if _, err := New(t.Context(), "http://localhost", opt); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	file := "sqlite:///" + filepath.Join(t.TempDir(), "m.db")
	if _, err := New(t.Context(), file, WithTransport(http.DefaultTransport)); err == nil {
		t.Error("a transport for a file passes")
	}
	if _, err := New(t.Context(), file, WithRetries(RetryPolicy{Retries: -1})); err == nil {
		t.Error("negative retries for a file pass")
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if c, err := New(over, file+"2"); err == nil {
		t.Error("a file is opened after the end of the context")
		_ = c.Close()
	}
}

func TestNewTakes(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for uri, want := range map[string]string{
		"http://h:5000/":                 "http://h:5000",
		"https://u:p@h/ml/flow/":         "https://h/ml/flow",
		"HTTP://h":                       "http://h",
		"sqlite:///rel.db":               "sqlite:///rel.db",
		"sqlite:///" + dir + "/a b ü.db": "sqlite:///" + dir + "/a b ü.db",
	} {
		c, err := New(t.Context(), uri)
		if err != nil {
			t.Errorf("%q: %v", uri, err)
			continue
		}
		if c.TrackingURI() != want {
			t.Errorf("%q: %q", uri, c.TrackingURI())
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, file := range []string{"rel.db", "a b ü.db"} {
		if found, _ := filepath.Glob(filepath.Join(dir, file)); len(found) != 1 {
			t.Errorf("%s is not there", file)
		}
	}
	c, err := New(t.Context(), "http://h", WithInsecureTLS(), WithDelayedACK(), WithExperiment("3", ""), WithTimeout(1), WithBasicAuth("ann", ""))
	if err != nil {
		t.Fatal(err)
	}
	if id, err := c.experimentOf(t.Context(), ""); id != "3" || err != nil || c.who.user != "ann" {
		t.Errorf("experiment %q, %v, user %s", id, err, c.who.user)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
