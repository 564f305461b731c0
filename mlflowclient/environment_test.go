package mlflowclient

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/rest"
)

func fromMap(vars map[string]string, credentials string) environment {
	return environment{get: func(name string) string { return vars[name] }, credentials: credentials}
}

func TestEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(file, []byte("[mlflow]\nmlflow_tracking_username = bob\nmlflow_tracking_password = s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	read := func(t *testing.T, vars map[string]string, credentials string) settings {
		t.Helper()
		opt, err := fromMap(vars, credentials).option()
		if err != nil {
			t.Fatal(err)
		}
		s := settings{artifactRoot: "kept", rest: rest.Config{UserAgent: "kept"}}
		if err := opt(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Run("nothing is Python's default", func(t *testing.T) {
		s := read(t, nil, "")
		if s.rest.Backoff != rest.Backoff(DefaultRetryPolicy()) || s.rest.Timeout != 120*time.Second || s.artifactRoot != "kept" || s.rest.UserAgent != "kept" ||
			s.rest.Username+s.rest.Password+s.rest.Token+s.workspace+s.experiment+s.experimentBy != "" || s.rest.TLS != (rest.TLS{}) {
			t.Errorf("%+v", s)
		}
	})
	t.Run("everything", func(t *testing.T) {
		s := read(t, map[string]string{
			"MLFLOW_TRACKING_INSECURE_TLS": "True", "MLFLOW_TRACKING_SERVER_CERT_PATH": "ca", "MLFLOW_TRACKING_CLIENT_CERT_PATH": "cert",
			"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3", "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1", "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0.5",
			"MLFLOW_HTTP_REQUEST_TIMEOUT": "7", "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false", "MLFLOW_WORKSPACE": " team ",
			"MLFLOW_EXPERIMENT_ID": "5", "MLFLOW_EXPERIMENT_NAME": "wine", "MLFLOW_TRACKING_AWS_SIGV4": "false",
			"MLFLOW_UI_URL": "https://pages.example/mlflow/", "MLFLOW_TRACKING_URI": "http://server", "MLFLOW_REGISTRY_URI": "http://server/",
		}, "")
		want := rest.Backoff{Retries: 3, Factor: time.Second, Jitter: time.Second / 2, IgnoreRetryAfter: true}
		if s.rest.Backoff != want || s.rest.Timeout != 7*time.Second || s.rest.TLS != (rest.TLS{Insecure: true, CAFile: "ca", CertFile: "cert"}) ||
			s.workspace != "team" || s.experiment != "5" || s.experimentBy != "wine" || s.pages != "https://pages.example/mlflow" {
			t.Errorf("%+v", s)
		}
	})
	logins := []struct {
		name                      string
		vars                      map[string]string
		file                      string
		username, password, token string
	}{
		{"from the file", nil, file, "bob", "s3cret", ""},
		{"from the environment", map[string]string{"MLFLOW_TRACKING_USERNAME": "ann", "MLFLOW_TRACKING_PASSWORD": "pw"}, file, "ann", "pw", ""},
		{"from both", map[string]string{"MLFLOW_TRACKING_USERNAME": "ann"}, file, "ann", "s3cret", ""},
		{"a pair beats the token", map[string]string{"MLFLOW_TRACKING_TOKEN": "t"}, file, "bob", "s3cret", ""},
		{"the token beats half a pair", map[string]string{"MLFLOW_TRACKING_TOKEN": "t", "MLFLOW_TRACKING_USERNAME": "ann"}, "", "", "", "t"},
		{"no file", nil, filepath.Join(t.TempDir(), "none"), "", "", ""},
	}
	for _, tt := range logins {
		t.Run(tt.name, func(t *testing.T) {
			s := read(t, tt.vars, tt.file)
			if s.rest.Username != tt.username || s.rest.Password != tt.password || s.rest.Token != tt.token {
				t.Errorf("%+v", s.rest)
			}
		})
	}
}

func TestEnvironmentRefuses(t *testing.T) {
	for name, value := range map[string]string{
		"MLFLOW_TRACKING_AWS_SIGV4": "true", "MLFLOW_TRACKING_AUTH": "kubernetes", "MLFLOW_TRACKING_INSECURE_TLS": "maybe",
		"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "11", "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "-1", "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "NaN",
		"MLFLOW_HTTP_REQUEST_TIMEOUT": "0", "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "2", "MLFLOW_REGISTRY_URI": "http://registry",
	} {
		_, err := fromMap(map[string]string{name: value}, "").option()
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
	if _, err := fromMap(map[string]string{"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1.5"}, "").option(); err == nil {
		t.Error("one and a half retries pass")
	}
	if _, err := fromMap(nil, t.TempDir()).option(); err == nil {
		t.Error("a folder passes for a credentials' file")
	}
}

func TestParseCredentials(t *testing.T) {
	tests := []struct{ text, username, password string }{
		{"", "", ""},
		{"[other]\nmlflow_tracking_username = x\n", "", ""},
		{"# c\n; d\n[mlflow]\r\nMLFLOW_TRACKING_USERNAME: ann\r\nmlflow_tracking_password =  a=b:c \nelse = 1\n[other]\nmlflow_tracking_username = x", "ann", "a=b:c"},
		{"[mlflow]\nmlflow_tracking_username = a%%b\nmlflow_tracking_password = %%%%\nelse = 1%\n", "a%b", "%%"},
	}
	for _, tt := range tests {
		username, password, err := parseCredentials(tt.text)
		if err != nil || username != tt.username || password != tt.password {
			t.Errorf("%q: %q %q %v", tt.text, username, password, err)
		}
	}
	for _, text := range []string{
		"[mlflow\n", "[mlflow]\nhunter2\n", "[mlflow]\nmlflow_tracking_password = hunter2%\n", "[mlflow]\nmlflow_tracking_username = %(hunter2)s\n",
	} {
		if _, _, err := parseCredentials(text); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "line") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestFromEnvOpensTheFileInTheWorkingDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"} {
		t.Setenv(name, "")
	}
	t.Setenv("MLFLOW_EXPERIMENT_NAME", "from the environment")
	t.Setenv("MLFLOW_TRACKING_INSECURE_TLS", "true") // meant for a server
	t.Setenv("HOME", t.TempDir())
	c, err := FromEnv(t.Context(), WithUser("ann"), WithSource("test"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.TrackingURI() != DefaultTrackingURI {
		t.Errorf("URI %s", c.TrackingURI())
	}
	for range 2 {
		run, err := c.Start(t.Context(), StartRun{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := c.Experiments.Get(t.Context(), run.ExperimentID)
		if err != nil || e.Name != "from the environment" || run.UserID != "ann" {
			t.Errorf("run %+v in %+v, %v", run, e, err)
		}
		here, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(here, "mlruns", e.ID, run.ID, "artifacts"); run.ArtifactURI != want {
			t.Errorf("artifacts at %s, want %s", run.ArtifactURI, want)
		}
	}
	if _, err := os.Stat("mlflow.db"); err != nil {
		t.Error(err)
	}
	t.Setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "soon")
	if _, err := FromEnv(t.Context()); err == nil {
		t.Error("a time-out of soon passes")
	}
}

func TestPagesOfTheServer(t *testing.T) {
	for _, test := range []struct{ uri, pages, want string }{
		{"http://mlflow:5000/", "", "http://mlflow:5000"},
		{"http://mlflow:5000", "http://127.0.0.1:5000/", "http://127.0.0.1:5000"},
		{"sqlite:///" + t.TempDir() + "/mlflow.db", "", ""},
	} {
		var opts []Option
		if test.pages != "" {
			opts = append(opts, WithUIURL(test.pages))
		}
		c, err := New(t.Context(), test.uri, opts...)
		if err != nil {
			t.Fatal(err)
		}
		if c.UIURL() != test.want {
			t.Errorf("the pages of %s are at %q, want %q", test.uri, c.UIURL(), test.want)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, pages := range []string{"127.0.0.1:5000", "http://ann:hunter2@host", "http://host/#/models"} {
		if _, err := New(t.Context(), "http://mlflow:5000", WithUIURL(pages)); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", pages, err)
		}
	}
}
