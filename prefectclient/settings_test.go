package prefectclient

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// lookupIn is an environment for a test.
func lookupIn(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { value, ok := env[name]; return value, ok }
}

func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSettingsPriority(t *testing.T) {
	all := map[string]string{
		".env":           "PREFECT_API_URL=http://dotenv/api\nPREFECT_API_KEY='dotenv key'\n",
		"prefect.toml":   "ui_url = 'http://pages/'\n[api]\nurl = 'http://toml/api'\nkey = 'toml key'\nauth_string = 'toml:auth'\n",
		"pyproject.toml": "[tool.prefect.client]\nmax_retries = 7\nretry_extra_codes = [418, 500]\n[tool.prefect.api]\nauth_string = 'project:auth'\n",
		"profiles.toml": "active = 'local'\n[profiles.local]\nPREFECT_API_URL = 'http://profile/api'\nPREFECT_CLIENT_MAX_RETRIES = '9'\n" +
			"PREFECT_API_REQUEST_TIMEOUT = '1.5'\n[profiles.other]\nPREFECT_API_URL = 'http://other/api'\n",
	}
	dir := writeFiles(t, all)
	env := map[string]string{"PREFECT_API_URL": "http://environment/api", "PREFECT_PROFILES_PATH": filepath.Join(dir, "profiles.toml")}
	got, err := LoadSettings(lookupIn(env), dir)
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultSettings()
	want.APIURL, want.APIKey, want.AuthString = "http://environment/api", "dotenv key", "toml:auth"
	want.UIURL = "http://pages/"
	want.MaxRetries, want.RetryExtraCodes, want.RequestTimeout, want.Profile = 7, []int{418, 500}, 1500*time.Millisecond, "local"
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", fieldsOfSettings(got), fieldsOfSettings(want))
	}
}

// fieldsOfSettings shows what String hides.
func fieldsOfSettings(s Settings) string {
	type plain Settings
	return fmt.Sprintf("%+v", plain(s))
}

func TestSettingsFromProfiles(t *testing.T) {
	dir := writeFiles(t, map[string]string{"profiles.toml": "active = 'a'\n[profiles.a]\nPREFECT_API_URL = 'http://a/api'\n[profiles.b]\nPREFECT_API_URL = 'http://b/api'\n"})
	for wanted, url := range map[string]string{"": "http://a/api", "b": "http://b/api", "missing": ""} {
		got, err := LoadSettings(lookupIn(map[string]string{"PREFECT_HOME": dir, "PREFECT_PROFILE": wanted}), t.TempDir())
		if err != nil || got.APIURL != url {
			t.Errorf("profile %q gave %q, %v; want %q", wanted, got.APIURL, err, url)
		}
	}
}

func TestSettingsThatAreWrong(t *testing.T) {
	for _, row := range []struct{ name, env, value, want string }{
		{"number", "PREFECT_CLIENT_MAX_RETRIES", "many", "PREFECT_CLIENT_MAX_RETRIES cannot be read: invalid syntax"},
		{"truth", "PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "perhaps", "neither true nor false"},
		{"seconds", "PREFECT_API_REQUEST_TIMEOUT", "-1", "not a sensible number of seconds"},
		{"status", "PREFECT_CLIENT_RETRY_EXTRA_CODES", "429,9", "9 is not an HTTP status"},
		{"headers", "PREFECT_CLIENT_CUSTOM_HEADERS", `{"Authorization": "secret`, "not a JSON object"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := LoadSettings(lookupIn(map[string]string{row.env: row.value}), t.TempDir())
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
	for _, file := range []string{"prefect.toml", "pyproject.toml"} {
		dir := writeFiles(t, map[string]string{file: "[api]\nkey = 'secret\n"})
		_, err := LoadSettings(lookupIn(nil), dir)
		if err == nil || !strings.Contains(err.Error(), file+": not TOML at line 2") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", file, err)
		}
	}
	if _, err := NewFromSettings(DefaultSettings()); !errors.Is(err, ErrNoServer) {
		t.Errorf("no address gave %v", err)
	}
	settings := DefaultSettings()
	settings.APIURL, settings.UIURL = "http://a/api", "pages.example:4200"
	if _, err := NewFromSettings(settings); err == nil || !strings.Contains(err.Error(), "PREFECT_UI_URL") {
		t.Errorf("an address of pages that is none gave %v", err)
	}
}

func TestPagesOfTheServer(t *testing.T) {
	for pages, want := range map[string]string{"": "http://a/prefect", "https://pages.example/p/": "https://pages.example/p"} {
		settings := DefaultSettings()
		settings.APIURL, settings.UIURL = "http://a/prefect/api", pages
		if c := must[*Client](t)(NewFromSettings(settings)); c.UIURL() != want || c.APIURL() != "http://a/prefect/api" {
			t.Errorf("with %q the pages are at %s and the API at %s", pages, c.UIURL(), c.APIURL())
		}
	}
}

func TestSettingsKeepSecrets(t *testing.T) {
	s := DefaultSettings()
	s.APIURL, s.APIKey, s.AuthString = "http://user:hunter2@host/api", "hunter2", "me:hunter2"
	for _, text := range []string{s.String(), fmt.Sprintf("%v %+v %#v", s, s, s), s.LogValue().String()} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("a secret is shown: %s", text)
		}
	}
}

// FuzzProfiles feeds profiles.toml and the other files with anything.
func FuzzProfiles(f *testing.F) {
	f.Add([]byte("active = 'a'\n[profiles.a]\nPREFECT_API_URL = 'http://a/api'\n"), "a")
	f.Add([]byte("[profiles.a]\nx = [1, {a = 2}]"), "")
	f.Add([]byte("active = 3"), "b")
	f.Fuzz(func(t *testing.T, data []byte, wanted string) {
		name, values, err := readProfile(data, wanted)
		if err != nil && (name != "" || values != nil) {
			t.Error("an error came with values")
		}
		if tables, err := decodeToml(data); err == nil {
			flatten(tables)
		}
		settings := DefaultSettings()
		for key, value := range values {
			_ = settings.set(key, value)
		}
	})
}
