package prefectclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// ErrNoServer says that no API address is configured.
var ErrNoServer = errors.New("no Prefect server is configured: set PREFECT_API_URL, for example to http://127.0.0.1:4200/api")

// Settings are those of Python's settings that a client honours, under their Python names in Go's spelling.
type Settings struct {
	// APIURL is PREFECT_API_URL.
	APIURL string
	// UIURL is PREFECT_UI_URL: where a browser finds the server's pages, when that is not where the client finds the API.
	UIURL string
	// APIKey is PREFECT_API_KEY, sent as a bearer token.
	APIKey string
	// AuthString is PREFECT_API_AUTH_STRING, "user:password"; it wins over APIKey.
	AuthString string
	// TLSInsecureSkipVerify is PREFECT_API_TLS_INSECURE_SKIP_VERIFY.
	TLSInsecureSkipVerify bool
	// SSLCertFile is PREFECT_API_SSL_CERT_FILE, else SSL_CERT_FILE: authorities to trust.
	SSLCertFile string
	// RequestTimeout is PREFECT_API_REQUEST_TIMEOUT (60 s).
	RequestTimeout time.Duration
	// MaxRetries is PREFECT_CLIENT_MAX_RETRIES (5).
	MaxRetries int
	// RetryJitterFactor is PREFECT_CLIENT_RETRY_JITTER_FACTOR (0.2): seconds of random addition to each wait.
	RetryJitterFactor float64
	// RetryExtraCodes is PREFECT_CLIENT_RETRY_EXTRA_CODES: further statuses after which any call is repeated.
	RetryExtraCodes []int
	// CSRFSupportEnabled is PREFECT_CLIENT_CSRF_SUPPORT_ENABLED (true).
	CSRFSupportEnabled bool
	// CustomHeaders is PREFECT_CLIENT_CUSTOM_HEADERS, a JSON object.
	CustomHeaders map[string]string
	// FlowHeartbeat is PREFECT_FLOWS_HEARTBEAT_FREQUENCY (180 s, at least 30 s; 0 for none): how often a running flow
	// run tells that it lives.
	FlowHeartbeat time.Duration
	// Profile is the name of the profile that was read, if any.
	Profile string
}

// DefaultSettings are the settings of an empty environment.
func DefaultSettings() Settings {
	return Settings{
		RequestTimeout: time.Minute, MaxRetries: 5, RetryJitterFactor: 0.2, CSRFSupportEnabled: true,
		FlowHeartbeat: 3 * time.Minute,
	}
}

// LogValue keeps secrets out of logs.
func (s Settings) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String tells the address, and only whether secrets are set.
func (s Settings) String() string {
	auth := "none"
	switch {
	case s.AuthString != "":
		auth = "auth string"
	case s.APIKey != "":
		auth = "API key"
	}
	return fmt.Sprintf("Prefect at %s (authentication: %s)", redactURL(s.APIURL), auth)
}

// GoString is [Settings.String], so that %#v shows no secret either.
func (s Settings) GoString() string { return s.String() }

func (s *Settings) validate() error {
	switch {
	case s.APIURL == "":
		return ErrNoServer
	case s.UIURL != "" && !isPage(s.UIURL):
		return fmt.Errorf("PREFECT_UI_URL is %q, not an address of the form http(s)://host[:port][/prefix]", redactURL(s.UIURL))
	case s.RequestTimeout <= 0:
		return fmt.Errorf("the request time-out %v is not positive", s.RequestTimeout)
	case s.MaxRetries < 0:
		return fmt.Errorf("%d retries are less than none", s.MaxRetries)
	case s.RetryJitterFactor < 0:
		return fmt.Errorf("the jitter factor %v is negative", s.RetryJitterFactor)
	case s.FlowHeartbeat != 0 && s.FlowHeartbeat < 30*time.Second:
		return fmt.Errorf("the flow heartbeat %v is shorter than the 30 s that Prefect allows", s.FlowHeartbeat)
	}
	return nil
}

// isPage reports an address that a browser can open.
func isPage(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.RawQuery == "" && u.Fragment == ""
}

// set takes the value of one environment name. Names of other settings are none of the client's business.
func (s *Settings) set(name, value string) error {
	var err error
	switch name {
	case "PREFECT_API_URL":
		s.APIURL = value
	case "PREFECT_UI_URL":
		s.UIURL = value
	case "PREFECT_API_KEY":
		s.APIKey = value
	case "PREFECT_API_AUTH_STRING":
		s.AuthString = value
	case "PREFECT_API_TLS_INSECURE_SKIP_VERIFY":
		s.TLSInsecureSkipVerify, err = parseBool(value)
	case "PREFECT_API_SSL_CERT_FILE":
		s.SSLCertFile = value
	case "PREFECT_API_REQUEST_TIMEOUT":
		s.RequestTimeout, err = parseSeconds(value)
	case "PREFECT_CLIENT_MAX_RETRIES":
		s.MaxRetries, err = strconv.Atoi(value)
	case "PREFECT_CLIENT_RETRY_JITTER_FACTOR":
		s.RetryJitterFactor, err = strconv.ParseFloat(value, 64)
	case "PREFECT_CLIENT_RETRY_EXTRA_CODES":
		s.RetryExtraCodes, err = parseCodes(value)
	case "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED":
		s.CSRFSupportEnabled, err = parseBool(value)
	case "PREFECT_CLIENT_CUSTOM_HEADERS":
		var headers map[string]string
		err = json.Unmarshal([]byte(value), &headers)
		s.CustomHeaders = headers
	case "PREFECT_FLOWS_HEARTBEAT_FREQUENCY":
		s.FlowHeartbeat, err = parseSeconds(value)
	}
	if err != nil {
		// The value stays out: headers may hold secrets.
		return fmt.Errorf("%s cannot be read: %s", name, describe(err))
	}
	return nil
}

// describe takes the value out of a parse error.
func describe(err error) string {
	if number, ok := errors.AsType[*strconv.NumError](err); ok {
		return number.Err.Error()
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("not a JSON object (at byte %d)", syntax.Offset)
	}
	return err.Error()
}

// parseBool takes what pydantic takes.
func parseBool(s string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "1", "true", "t", "yes", "y", "on":
		return true, nil
	case "0", "false", "f", "no", "n", "off":
		return false, nil
	}
	return false, errors.New("neither true nor false")
}

func parseSeconds(s string) (time.Duration, error) {
	seconds, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil {
		return 0, err
	}
	if !(seconds >= 0 && seconds < 1e9) {
		return 0, errors.New("not a sensible number of seconds")
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

func parseCodes(s string) ([]int, error) {
	var codes []int
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		code, err := strconv.Atoi(part)
		if err != nil {
			return nil, err
		}
		if code < 100 || code > 599 {
			return nil, fmt.Errorf("%d is not an HTTP status", code)
		}
		codes = append(codes, code)
	}
	return codes, nil
}
