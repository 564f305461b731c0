package mlflowclient

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// readCredentials reads ~/.mlflow/credentials, where `mlflow login` and people put
//
//	[mlflow]
//	mlflow_tracking_username = …
//	mlflow_tracking_password = …
//
// A file that does not exist holds nothing.
func readCredentials(file string) (username, password string, err error) {
	if file == "" {
		return "", "", nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("the credentials' file: %w", err)
	}
	username, password, err = parseCredentials(string(data))
	if err != nil {
		return "", "", fmt.Errorf("the credentials' file %s: %w", file, err)
	}
	return username, password, nil
}

// parseCredentials reads as much of Python's configparser format as the file needs: sections, "key = value" or
// "key: value" with keys of any case, and whole-line comments. Errors name lines, never their text: it may be a secret.
func parseCredentials(data string) (username, password string, err error) {
	inSection := false
	for i, line := range strings.Split(data, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' {
			name, closed := strings.CutSuffix(line[1:], "]")
			if !closed {
				return "", "", fmt.Errorf("line %d: the section's name has no closing bracket", i+1)
			}
			inSection = name == "mlflow"
			continue
		}
		at := strings.IndexAny(line, "=:")
		if at < 0 {
			return "", "", fmt.Errorf("line %d is neither a section nor key = value", i+1)
		}
		if !inSection {
			continue
		}
		var field *string
		switch strings.ToLower(strings.TrimSpace(line[:at])) {
		case "mlflow_tracking_username":
			field = &username
		case "mlflow_tracking_password":
			field = &password
		default:
			continue
		}
		value := strings.TrimSpace(line[at+1:])
		if strings.Contains(strings.ReplaceAll(value, "%%", ""), "%") { // Python would replace what follows it, or fail
			return "", "", fmt.Errorf("line %d: a %% in the value must be written %%%%", i+1)
		}
		*field = strings.ReplaceAll(value, "%%", "%")
	}
	return username, password, nil
}
