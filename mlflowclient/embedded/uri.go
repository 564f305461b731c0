package embedded

import (
	"errors"
	"net/url"
	"path"
	"path/filepath"
	"strings"
)

// resolveLocalURI makes the path of a local URI absolute, as MLflow's resolve_uri_if_local does.
func resolveLocalURI(uri string) (string, error) {
	scheme, rest, ok := strings.Cut(uri, ":")
	switch {
	case uri == "":
		return "", errors.New("it is empty; give a folder such as ./mlruns")
	case !ok || strings.ContainsAny(scheme, `/\.`) || len(scheme) == 1:
		abs, err := filepath.Abs(uri)
		return filepath.ToSlash(abs), err
	case scheme == "file" && !strings.HasPrefix(rest, "/"):
		abs, err := filepath.Abs(rest)
		return "file://" + filepath.ToSlash(abs), err
	default:
		return uri, nil
	}
}

// appendToURI joins parts to the path of a URI or to a plain path; a query of the URI stays at its end.
func appendToURI(uri string, parts ...string) (string, error) {
	tail := path.Join(parts...)
	scheme, _, ok := strings.Cut(uri, ":")
	if !ok || strings.ContainsAny(scheme, `/\.`) || len(scheme) <= 1 {
		if uri == "" {
			return tail, nil
		}
		return strings.TrimSuffix(uri, "/") + "/" + tail, nil
	}
	u, err := url.Parse(uri)
	if err != nil {
		return "", failf(codeInternal, "artifact location %s: %v", uri, err)
	}
	base, suffix := uri, ""
	if i := strings.IndexAny(uri, "?#"); i >= 0 {
		base, suffix = uri[:i], uri[i:]
	}
	if base == u.Scheme+":" || strings.HasSuffix(base, "/") {
		return base + tail + suffix, nil
	}
	return base + "/" + tail + suffix, nil
}
