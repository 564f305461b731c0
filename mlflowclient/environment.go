package mlflowclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mlopsgo/internal/rest"
)

// FromEnv connects as MLflow's Python client would from the process's environment, which is read here and nowhere
// else; opts come after it and win.
//
//	MLFLOW_TRACKING_URI                            sqlite:///mlflow.db when empty
//	MLFLOW_UI_URL                                  where a browser finds the server's pages, if elsewhere: see [WithUIURL]
//	MLFLOW_TRACKING_USERNAME, _PASSWORD            else from ~/.mlflow/credentials, section [mlflow]
//	MLFLOW_TRACKING_TOKEN                          only without user name and password
//	MLFLOW_TRACKING_INSECURE_TLS                   true or 1
//	MLFLOW_TRACKING_SERVER_CERT_PATH               authorities to trust, PEM
//	MLFLOW_TRACKING_CLIENT_CERT_PATH               our certificate and key in one PEM file
//	MLFLOW_HTTP_REQUEST_MAX_RETRIES                7
//	MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR, _JITTER    2 and 1.0 seconds
//	MLFLOW_HTTP_REQUEST_TIMEOUT                    120 seconds
//	MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER         true
//	MLFLOW_WORKSPACE                               the workspace to work in
//	MLFLOW_EXPERIMENT_ID, MLFLOW_EXPERIMENT_NAME   the experiment of runs that name none
//	MLFLOW_RUN_ID                                  the run that the first Start resumes
//	MLFLOW_RUN_CONTEXT                             a JSON object of tags for every run
//	MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING           true or 1: see [SystemMetrics]
//	MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL        10 seconds
//	MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING   1
//	MLFLOW_SYSTEM_METRICS_NODE_ID                  this machine's name in the metrics' keys
//	LOGNAME, USER, LNAME, USERNAME                 the user, before what the system says
//	MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD           [TransferOptions].Upload: false is TransferProxied; true tries the storage, whatever
//	                                               the server says of it, and goes through the server when that fails
//	MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD         [TransferOptions].Download, likewise
//	MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE      33554432 bytes, where Python has 524288000
//	MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE             10485760 bytes
//	MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE           16777216 bytes, where Python has 104857600
//	MLFLOW_S3_ENDPOINT_URL, MLFLOW_S3_IGNORE_TLS   for s3:// and what the server signs; see [WithS3]
//	AWS_ENDPOINT_URL(_S3), AWS_(DEFAULT_)REGION    likewise
//	AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE
//
// MLFLOW_TRACKING_AWS_SIGV4 and MLFLOW_TRACKING_AUTH are refused rather than ignored: see [WithTransport] for signing. So is an
// MLFLOW_REGISTRY_URI that is not the tracking URI: make another client for that server.
func FromEnv(ctx context.Context, opts ...Option) (*Client, error) {
	env := environment{get: os.Getenv}
	if home, err := os.UserHomeDir(); err == nil {
		env.credentials = filepath.Join(home, ".mlflow", "credentials")
	}
	fromEnv, err := env.option()
	if err != nil {
		return nil, fmt.Errorf("mlflow client: %w", err)
	}
	return New(ctx, env.trackingURI(), append([]Option{fromEnv}, opts...)...)
}

// environment is where the variables come from.
type environment struct {
	get         func(string) string
	credentials string // path of the credentials' file
}

func (e environment) trackingURI() string {
	return cmp.Or(e.get("MLFLOW_TRACKING_URI"), DefaultTrackingURI)
}

// option reads all variables into one option.
func (e environment) option() (Option, error) {
	for _, name := range []string{"MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_AWS_SIGV4"} {
		if set := e.get(name); set != "" && !isFalse(set) {
			return nil, fmt.Errorf("%s is set, which this client does not support: unset it, or give New a transport that signs requests", name)
		}
	}
	if registry := e.get("MLFLOW_REGISTRY_URI"); registry != "" && strings.TrimRight(registry, "/") != strings.TrimRight(e.trackingURI(), "/") {
		return nil, errors.New("MLFLOW_REGISTRY_URI names another place than MLFLOW_TRACKING_URI, which this client does not support: " +
			"unset it, or make a client of its own with New for the registry")
	}
	var s settings
	if err := e.readCredentials(&s); err != nil {
		return nil, err
	}
	if err := e.readConnection(&s); err != nil {
		return nil, err
	}
	if err := e.readTransfers(&s); err != nil {
		return nil, err
	}
	s.workspace = strings.TrimSpace(e.get("MLFLOW_WORKSPACE"))
	s.experiment, s.experimentBy = e.get("MLFLOW_EXPERIMENT_ID"), e.get("MLFLOW_EXPERIMENT_NAME")
	if err := e.readTracking(&s); err != nil {
		return nil, err
	}
	if pages := strings.TrimSpace(e.get("MLFLOW_UI_URL")); pages != "" {
		if err := WithUIURL(pages)(&s); err != nil {
			return nil, fmt.Errorf("MLFLOW_UI_URL: %w", err)
		}
	}
	return func(to *settings) error {
		s.rest.UserAgent, s.artifactRoot = to.rest.UserAgent, to.artifactRoot
		*to = s
		return nil
	}, nil
}

// readCredentials takes each of user name and password from the environment or else from the file, as Python does, and
// the token only when the pair is not complete.
func (e environment) readCredentials(s *settings) error {
	username, password, err := readCredentials(e.credentials)
	if err != nil {
		return err
	}
	if v := e.get("MLFLOW_TRACKING_USERNAME"); v != "" {
		username = v
	}
	if v := e.get("MLFLOW_TRACKING_PASSWORD"); v != "" {
		password = v
	}
	if username != "" && password != "" {
		s.rest.Username, s.rest.Password = username, password
	} else {
		s.rest.Token = e.get("MLFLOW_TRACKING_TOKEN")
		// Python names the user by it even without a password.
		s.user = username
	}
	return nil
}

func (e environment) readConnection(s *settings) (err error) {
	if s.rest.TLS.Insecure, err = e.boolean("MLFLOW_TRACKING_INSECURE_TLS", false); err != nil {
		return err
	}
	s.rest.TLS.CAFile = e.get("MLFLOW_TRACKING_SERVER_CERT_PATH")
	s.rest.TLS.CertFile = e.get("MLFLOW_TRACKING_CLIENT_CERT_PATH")
	retries, err := e.number("MLFLOW_HTTP_REQUEST_MAX_RETRIES", 7, 10)
	if err != nil {
		return err
	}
	if retries != float64(int(retries)) {
		return fmt.Errorf("MLFLOW_HTTP_REQUEST_MAX_RETRIES is %v, which is not a whole number", retries)
	}
	factor, err := e.number("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", 2, 120)
	if err != nil {
		return err
	}
	jitter, err := e.number("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", 1, 120)
	if err != nil {
		return err
	}
	respect, err := e.boolean("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", true)
	if err != nil {
		return err
	}
	s.rest.Backoff = rest.Backoff{Retries: int(retries), Factor: seconds(factor), Jitter: seconds(jitter), IgnoreRetryAfter: !respect}
	timeout, err := e.number("MLFLOW_HTTP_REQUEST_TIMEOUT", 120, 7*24*3600)
	if err != nil {
		return err
	}
	if timeout == 0 {
		return fmt.Errorf("MLFLOW_HTTP_REQUEST_TIMEOUT is 0: no call could succeed")
	}
	s.rest.Timeout = seconds(timeout)
	return nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func (e environment) number(name string, otherwise, most float64) (float64, error) {
	value := strings.TrimSpace(e.get(name))
	if value == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseFloat(value, 64)
	// The form of the condition refuses NaN, too.
	if err != nil || !(n >= 0 && n <= most) {
		return 0, fmt.Errorf("%s is %q, which is not a number from 0 to %v", name, value, most)
	}
	return n, nil
}

func (e environment) boolean(name string, otherwise bool) (bool, error) {
	switch value := strings.ToLower(strings.TrimSpace(e.get(name))); {
	case value == "":
		return otherwise, nil
	case value == "true" || value == "1":
		return true, nil
	case isFalse(value):
		return false, nil
	default:
		return false, fmt.Errorf("%s is %q; it must be true, false, 1 or 0", name, value)
	}
}

func isFalse(value string) bool {
	value = strings.ToLower(strings.TrimSpace(value))
	return value == "false" || value == "0"
}
