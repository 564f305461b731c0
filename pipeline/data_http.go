package pipeline

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mlopsgo/internal/dataset"
)

const (
	maxRedirects    = 5
	dialTimeout     = 10 * time.Second
	responseTimeout = 60 * time.Second
)

// dataHooks lets tests stand in for the internet.
type dataHooks struct {
	uci       string         // instead of uciAddress
	roots     *x509.CertPool // instead of the system's authorities
	firstWait time.Duration  // instead of firstDataWait
}

func (h dataHooks) uciURL() string { return cmp.Or(h.uci, uciAddress) }

// openWeb returns the attempts of a download over HTTP. Each has its own connection: there is one request per address, and
// nothing must stay open after it.
func (l *DataLoader) openWeb(place dataPlace) bodyOpener {
	client := &http.Client{
		CheckRedirect: checkRedirect,
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSClientConfig:       &tls.Config{RootCAs: l.hooks.roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:   dialTimeout,
			ResponseHeaderTimeout: responseTimeout,
			DisableKeepAlives:     true,
			DisableCompression:    true, // the size limit is for bytes on the wire; openText unpacks
			ForceAttemptHTTP2:     true,
		},
	}
	return func(ctx context.Context, have resumePoint) (*dataBody, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, place.url, http.NoBody)
		if err != nil {
			return nil, withoutURL(err)
		}
		request.Header.Set("Accept", "text/csv, application/zip, application/gzip, */*;q=0.5")
		request.Header.Set("User-Agent", "mlopsgo")
		if place.etag != "" && have.size == 0 {
			request.Header.Set("If-None-Match", place.etag)
		}
		if have.size > 0 { // the whole comes when it has changed since
			request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have.size))
			request.Header.Set("If-Range", have.validator)
		}
		response, err := client.Do(request)
		if err != nil {
			return nil, requestFailure(err)
		}
		body, err := bodyOf(response, have, cmp.Or(l.MaxDownload, defaultMaxDownload))
		if err != nil {
			_ = response.Body.Close()
			return nil, err
		}
		return body, nil
	}
}

// errBeyond is the answer of a server whose whole file is there already, as of one that was cut off behind its last byte.
var errBeyond = &passingError{err: errors.New("the server has no bytes behind those that came before it cut off")}

// errUnchanged is the answer of a server whose file is the one that was read before.
var errUnchanged = errors.New("unchanged since it was read")

// bodyOf reads what the head of an answer says.
func bodyOf(response *http.Response, have resumePoint, maxBytes int64) (*dataBody, error) {
	body := &dataBody{ReadCloser: response.Body, size: response.ContentLength, etag: response.Header.Get("ETag")}
	if response.Header.Get("Accept-Ranges") != "none" && strings.HasPrefix(body.etag, `"`) {
		body.validator = body.etag
	}
	if response.StatusCode == http.StatusNotModified {
		return nil, errUnchanged
	}
	if response.StatusCode == http.StatusRequestedRangeNotSatisfiable && have.size > 0 {
		return nil, errBeyond
	}
	if response.StatusCode == http.StatusPartialContent && have.size > 0 {
		if !strings.HasPrefix(response.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have.size)) {
			return nil, fmt.Errorf("the server answered with other bytes (%q) than those from %d on", response.Header.Get("Content-Range"), have.size)
		}
		response.StatusCode = http.StatusOK
		body.from, body.validator = have.size, have.validator
		if body.size >= 0 {
			body.size += have.size
		}
	}
	return body, checkResponse(response, body.size, maxBytes)
}

// errRedirect marks the refusals of checkRedirect, which come back the same every time.
var errRedirect = errors.New("redirect refused")

// checkRedirect follows a few redirects, never from an encrypted connection to a plain one, and never tells the next server
// the address it comes from, which may give access.
func checkRedirect(next *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: more than %d of them", errRedirect, maxRedirects)
	case via[len(via)-1].URL.Scheme == "https" && next.URL.Scheme != "https":
		return fmt.Errorf("%w: from https to %s", errRedirect, next.URL.Scheme)
	}
	next.Header.Del("Referer")
	return nil
}

// requestFailure decides whether a request without an answer is of use to repeat: not when the address, the certificate or a
// redirect is at fault.
func requestFailure(err error) error {
	err = withoutURL(err)
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	dns, lookup := errors.AsType[*net.DNSError](err)
	if errors.Is(err, errRedirect) || certificate || (lookup && dns.IsNotFound) {
		return err
	}
	return &passingError{err: err}
}

// withoutURL drops the address from an error of net/http, with the secrets that may be in it.
func withoutURL(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	return err
}

// checkResponse refuses an answer that is not the data.
func checkResponse(response *http.Response, size, maxBytes int64) error {
	switch status := response.StatusCode; {
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status >= 500 && status != http.StatusNotImplemented:
		return &passingError{fmt.Errorf("the server answered %s", statusLine(response)), retryAfter(response.Header.Get("Retry-After"), time.Now())}
	case status != http.StatusOK:
		return fmt.Errorf("the server answered %s", statusLine(response))
	}
	if kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); kind == "text/html" {
		return errors.New("the server answered with a web page, not with CSV or an archive")
	}
	if size > maxBytes {
		return fmt.Errorf("%w: %d bytes, more than %d", dataset.ErrTooBig, size, maxBytes)
	}
	return nil
}

// statusLine is the status with its usual words: the server's own may be anything.
func statusLine(response *http.Response) string {
	if text := http.StatusText(response.StatusCode); text != "" {
		return fmt.Sprintf("%d %s", response.StatusCode, text)
	}
	return strconv.Itoa(response.StatusCode)
}

// retryAfter reads the header of that name: seconds or a date (RFC 9110, 10.2.3). What cannot be read asks for nothing.
func retryAfter(header string, now time.Time) time.Duration {
	const longest = 365 * 24 * time.Hour
	if seconds, err := strconv.ParseUint(header, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, longest)
	}
	if date, err := http.ParseTime(header); err == nil {
		return min(max(date.Sub(now), 0), longest)
	}
	return 0
}
