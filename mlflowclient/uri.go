package mlflowclient

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// DefaultTrackingURI is used when nothing is set: MLflow's own default, a database in the working directory.
const DefaultTrackingURI = "sqlite:///mlflow.db"

// databaseFile takes the file out of a sqlite URI as SQLAlchemy reads it: what follows the third slash, so that three
// slashes make a relative path and four an absolute one. ok is false for other URIs.
func databaseFile(uri string) (file string, ok bool, err error) {
	rest, ok := strings.CutPrefix(uri, "sqlite:")
	if !ok {
		return "", false, nil
	}
	file, found := strings.CutPrefix(rest, "///")
	switch {
	case !found:
		err = fmt.Errorf("tracking URI %q: write sqlite:///relative.db or sqlite:////absolute/file.db", uri)
	case file == "" || file == ":memory:":
		err = fmt.Errorf("tracking URI %q: a database in memory would vanish with the process; name a file, for example %s", uri, DefaultTrackingURI)
	case strings.ContainsAny(file, "?#"):
		err = fmt.Errorf("tracking URI %q: settings after the file's name are not supported", uri)
	}
	return file, true, err
}

// refuse explains what a URI that is neither a server nor a database file should have been.
func refuse(uri string) error {
	if uri == "" {
		return errors.New("the tracking URI is empty; use " + DefaultTrackingURI + " or the server's address")
	}
	scheme, _, found := strings.Cut(uri, ":")
	switch {
	case !found || scheme == "file" || len(scheme) == 1:
		return fmt.Errorf("tracking URI %q names a folder: MLflow 3 no longer keeps runs in folders; use %s or the server's address", uri, DefaultTrackingURI)
	case strings.HasPrefix(scheme, "postgres") || strings.HasPrefix(scheme, "mysql") || strings.HasPrefix(scheme, "mssql"):
		return fmt.Errorf("tracking URI of scheme %q: a database is reached through an MLflow server; use the server's http address", scheme)
	}
	return fmt.Errorf("tracking URI of scheme %q is not supported; use http(s)://… or %s", scheme, DefaultTrackingURI)
}

func isServer(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil {
		// What cannot be read as a URL still belongs to the branch whose error says so.
		return strings.HasPrefix(uri, "http://") || strings.HasPrefix(uri, "https://")
	}
	return u.Scheme == "http" || u.Scheme == "https"
}

// quote is %q with a bound, for names in error texts.
func quote(name string) string { return fmt.Sprintf("%.100q", name) }
