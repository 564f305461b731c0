package prefectclient

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/joho/godotenv"
	"github.com/pelletier/go-toml/v2"
)

// settingNames are the environment names that [Settings] holds, in the order in which they are applied.
var settingNames = [...]string{
	"PREFECT_API_URL", "PREFECT_UI_URL", "PREFECT_API_KEY", "PREFECT_API_AUTH_STRING", "PREFECT_API_TLS_INSECURE_SKIP_VERIFY",
	"PREFECT_API_SSL_CERT_FILE", "PREFECT_API_REQUEST_TIMEOUT", "PREFECT_CLIENT_MAX_RETRIES",
	"PREFECT_CLIENT_RETRY_JITTER_FACTOR", "PREFECT_CLIENT_RETRY_EXTRA_CODES", "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED",
	"PREFECT_CLIENT_CUSTOM_HEADERS", "PREFECT_FLOWS_HEARTBEAT_FREQUENCY",
}

// source is one place where settings come from: environment names with their values, all as text.
type source struct {
	where  string
	values map[string]string
}

// LoadSettings reads what Python's client would read in the folder dir: each setting from the first of
//
//  1. the environment (lookup is [os.LookupEnv], or a test's),
//  2. the file .env,
//  3. the file prefect.toml, with tables named as the settings ([api] url = …),
//  4. the file pyproject.toml, in [tool.prefect],
//  5. the profile PREFECT_PROFILE, else the active one, of the file PREFECT_PROFILES_PATH, else profiles.toml in
//     PREFECT_HOME (~/.prefect).
//
// A missing file is no error, a broken one is: it names the file. No address at all is no error here either, but
// [NewFromSettings] answers it with [ErrNoServer].
func LoadSettings(lookup func(string) (string, bool), dir string) (Settings, error) {
	settings := DefaultSettings()
	environment := source{where: "the environment", values: map[string]string{}}
	for _, name := range settingNames {
		if value, ok := lookup(name); ok && value != "" {
			environment.values[name] = value
		}
	}
	sources := []source{environment}
	for _, read := range []func(string) (source, error){dotenvSource, prefectTomlSource, pyprojectSource} {
		src, err := read(dir)
		if err != nil {
			return Settings{}, err
		}
		sources = append(sources, src)
	}
	profile, name, err := profileSource(lookup)
	if err != nil {
		return Settings{}, err
	}
	settings.Profile = name
	if cert, ok := lookup("SSL_CERT_FILE"); ok {
		settings.SSLCertFile = cert
	}
	for _, src := range slices.Backward(append(sources, profile)) {
		if err := src.apply(&settings); err != nil {
			return Settings{}, err
		}
	}
	return settings, nil
}

func (src *source) apply(s *Settings) error {
	for _, name := range settingNames {
		value, ok := src.values[name]
		if !ok {
			continue
		}
		if err := s.set(name, value); err != nil {
			return fmt.Errorf("%s: %w", src.where, err)
		}
	}
	return nil
}

func dotenvSource(dir string) (source, error) {
	path := filepath.Join(dir, ".env")
	data, err := readOptional(path)
	if err != nil || data == nil {
		return source{}, err
	}
	values, err := godotenv.UnmarshalBytes(data)
	if err != nil {
		// The parser's message repeats lines, which may hold secrets.
		return source{}, fmt.Errorf("%s is not a file of NAME=value lines", path)
	}
	return source{where: path, values: values}, nil
}

func prefectTomlSource(dir string) (source, error) {
	path := filepath.Join(dir, "prefect.toml")
	data, err := readOptional(path)
	if err != nil || data == nil {
		return source{}, err
	}
	values, err := decodeToml(data)
	if err != nil {
		return source{}, fmt.Errorf("%s: %w", path, err)
	}
	return source{where: path, values: flatten(values)}, nil
}

func pyprojectSource(dir string) (source, error) {
	path := filepath.Join(dir, "pyproject.toml")
	data, err := readOptional(path)
	if err != nil || data == nil {
		return source{}, err
	}
	values, err := decodeToml(data)
	if err != nil {
		return source{}, fmt.Errorf("%s: %w", path, err)
	}
	tool, _ := values["tool"].(map[string]any)
	prefect, _ := tool["prefect"].(map[string]any)
	return source{where: path, values: flatten(prefect)}, nil
}

// profileSource reads the active profile; a name that the file does not hold is ignored, as Python does.
func profileSource(lookup func(string) (string, bool)) (source, string, error) {
	path, _ := lookup("PREFECT_PROFILES_PATH")
	if path == "" {
		home, _ := lookup("PREFECT_HOME")
		if home == "" {
			user, ok := lookup("HOME")
			if !ok || user == "" {
				return source{}, "", nil
			}
			home = filepath.Join(user, ".prefect")
		}
		path = filepath.Join(home, "profiles.toml")
	}
	data, err := readOptional(path)
	if err != nil || data == nil {
		return source{}, "", err
	}
	wanted, _ := lookup("PREFECT_PROFILE")
	name, values, err := readProfile(data, wanted)
	if err != nil {
		return source{}, "", fmt.Errorf("%s: %w", path, err)
	}
	return source{where: path + " (profile " + name + ")", values: values}, name, nil
}

// readProfile takes the wanted profile, else the active one, out of a profiles.toml.
func readProfile(data []byte, wanted string) (string, map[string]string, error) {
	var file struct {
		Active   string                    `toml:"active"`
		Profiles map[string]map[string]any `toml:"profiles"`
	}
	if err := toml.Unmarshal(data, &file); err != nil {
		return "", nil, tomlError(err)
	}
	name := wanted
	if name == "" {
		name = file.Active
	}
	profile, ok := file.Profiles[name]
	if !ok {
		return "", nil, nil
	}
	values := make(map[string]string, len(profile))
	for key, value := range profile {
		values[strings.ToUpper(key)] = textOf(value)
	}
	return name, values, nil
}

func decodeToml(data []byte) (map[string]any, error) {
	var values map[string]any
	if err := toml.Unmarshal(data, &values); err != nil {
		return nil, tomlError(err)
	}
	return values, nil
}

// tomlError keeps the place of an error and not the text, which may hold secrets.
func tomlError(err error) error {
	if decode, ok := errors.AsType[*toml.DecodeError](err); ok {
		row, column := decode.Position()
		return fmt.Errorf("not TOML at line %d, column %d", row, column)
	}
	return errors.New("not the tables that are expected here")
}

// flatten turns [api] url = … into PREFECT_API_URL, and ui_url = … into PREFECT_UI_URL, for the settings that [Settings] knows.
func flatten(tables map[string]any) map[string]string {
	out := map[string]string{}
	for table, content := range tables {
		entries, ok := content.(map[string]any)
		if !ok {
			out["PREFECT_"+strings.ToUpper(table)] = textOf(content)
			continue
		}
		for key, value := range entries {
			out["PREFECT_"+strings.ToUpper(table)+"_"+strings.ToUpper(key)] = textOf(value)
		}
	}
	return out
}

// textOf writes a TOML value as the environment would hold it.
func textOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i, part := range v {
			parts[i] = textOf(part)
		}
		return strings.Join(parts, ",")
	case map[string]any:
		return string(mustJSON(v))
	default:
		return fmt.Sprint(v)
	}
}

// readOptional gives nil for a file that is not there.
func readOptional(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading Prefect's settings: %w", err)
	}
	if data == nil {
		data = []byte{}
	}
	return data, nil
}

// redactURL hides credentials of an address, and all of what is none.
func redactURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "an address that cannot be read"
	}
	return u.Redacted()
}
