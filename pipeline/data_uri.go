package pipeline

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/s3"
	"mlopsgo/internal/wine"
)

const (
	embeddedURI = "embedded:"
	uciURI      = "uci"
	// uciAddress is the archive that the UCI Machine Learning Repository serves for its data set 186.
	uciAddress = "https://archive.ics.uci.edu/static/public/186/wine+quality.zip"
)

// dataKind tells how an address is read.
type dataKind int

const (
	embeddedData dataKind = iota
	uciData
	fileData
	webData
	s3Data
)

// dataPlace is a parsed address.
type dataPlace struct {
	kind    dataKind
	display string // the address without secrets: for errors and for MLflow
	path    string // of a file
	url     string // of the web, with its secrets and without the member
	object  s3.Address
	member  string // of a zip archive; empty means the only CSV file in it
	etag    string // of what was read there before, if anything: what is the same is not read again
}

// file is the path at the place, without the address of a server.
func (p dataPlace) file() string {
	switch p.kind {
	case webData:
		if u, err := url.Parse(p.url); err == nil {
			return u.Path
		}
		return ""
	case s3Data:
		return p.object.Key
	default:
		return p.path
	}
}

// source is the place as MLflow records it.
func (p dataPlace) source() dataset.Source {
	switch p.kind {
	case webData:
		return dataset.HTTPSource(p.display)
	case s3Data:
		return dataset.S3Source(p.display)
	default:
		return dataset.LocalSource(p.display)
	}
}

// parseDataURI reads an address; [DataLoader.Load] lists the forms.
func parseDataURI(uri string) (dataPlace, error) {
	if strings.ContainsFunc(uri, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return dataPlace{}, errors.New("data: the address holds a control character")
	}
	scheme, rest, hasScheme := strings.Cut(uri, "://")
	switch {
	case uri == "", uri == embeddedURI, uri == embeddedURI+wine.Name:
		return dataPlace{kind: embeddedData, display: embeddedURI}, nil
	case strings.HasPrefix(uri, embeddedURI):
		return dataPlace{}, fmt.Errorf("data: there is no %q; the only embedded table is %s", uri, embeddedURI)
	case uri == uciURI:
		return dataPlace{kind: uciData, display: uciAddress}, nil
	case !hasScheme:
		return filePlace(uri, uri), nil
	}
	switch strings.ToLower(scheme) {
	case "http", "https":
		return webPlace(uri)
	case "s3":
		return s3Place("s3://" + rest)
	case "file":
		return fileURIPlace(uri)
	}
	return dataPlace{}, fmt.Errorf("data: cannot read from %s://…; give %s, %s, a path, https://…, http://… or s3://bucket/key", scheme, embeddedURI, uciURI)
}

func filePlace(display, file string) dataPlace {
	p := dataPlace{kind: fileData, display: display, path: file}
	if archive, member, ok := cutMember(file); ok {
		p.path, p.member = archive, member
	}
	return p
}

// fileURIPlace reads file:///path, where the path is percent-encoded.
func fileURIPlace(uri string) (dataPlace, error) {
	u, err := url.Parse(uri)
	if err != nil || (u.Host != "" && u.Host != "localhost") || u.Path == "" || u.RawQuery != "" {
		return dataPlace{}, fmt.Errorf("data: %q is not the address of a local file; write file:///folder/data.csv or the path alone", uri)
	}
	return dataPlace{kind: fileData, display: uri, path: filepath.FromSlash(u.Path), member: u.Fragment}, nil
}

func webPlace(uri string) (dataPlace, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Hostname() == "" {
		return dataPlace{}, fmt.Errorf("data: %s is not a web address; write https://host/path", withoutUser(uri))
	}
	p := dataPlace{kind: webData, display: publicURL(u), member: u.Fragment}
	u.Fragment, u.RawFragment = "", ""
	p.url = u.String()
	return p, nil
}

func s3Place(uri string) (dataPlace, error) {
	p := dataPlace{kind: s3Data, display: uri}
	object := uri
	if archive, member, ok := cutMember(uri); ok {
		object, p.member = archive, member
	}
	address, err := s3.ParseAddress(object)
	if err != nil {
		return dataPlace{}, fmt.Errorf("data: %w", err)
	}
	p.object = address
	return p, nil
}

// archiveMember is an archive's path and the file asked for in it; "#" elsewhere is part of a name.
var archiveMember = regexp.MustCompile(`(?is)^(.*?\.zip)#(.+)$`)

// cutMember divides data.zip#folder/data.csv.
func cutMember(file string) (archive, member string, ok bool) {
	parts := archiveMember.FindStringSubmatch(file)
	if parts == nil {
		return file, "", false
	}
	return parts[1], parts[2], true
}

// secretParameter matches the query parameters that give access: signatures of presigned addresses, tokens, keys.
var secretParameter = regexp.MustCompile(`(?i)(sig|token|secret|passw|key|credential|auth)[^=&]*=[^&]*`)

// publicURL writes a web address without what gives access to it, since it is shown to everybody in MLflow and in errors.
func publicURL(u *url.URL) string {
	public := *u
	public.User = nil
	public.RawQuery = secretParameter.ReplaceAllString(public.RawQuery, "${1}=hidden")
	return public.String()
}

// withoutUser cuts user and password out of an address that cannot be parsed.
func withoutUser(uri string) string {
	scheme, rest, _ := strings.Cut(uri, "://")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	return fmt.Sprintf("%q", scheme+"://"+rest)
}
