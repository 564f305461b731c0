package s3

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Config says which server to talk to, as whom. The zero value is Amazon in us-east-1 with the credentials the SDK finds.
type Config struct {
	// Endpoint is the server's address, http(s)://host[:port]; empty means Amazon, or what the profile says. A server of
	// one's own is addressed by path (endpoint/bucket/key), since its buckets rarely have names in DNS.
	Endpoint string
	// Region is by default the profile's, else us-east-1.
	Region string
	// AccessKeyID and SecretAccessKey go together, SessionToken with them when they are temporary. When they are empty the
	// SDK looks into the environment, the profile and the machine's role.
	AccessKeyID, SecretAccessKey, SessionToken string
	// Profile is a section of ~/.aws/config and ~/.aws/credentials; empty means the default one.
	Profile string
	// IgnoreTLS accepts any certificate of the server. Only for servers on a trusted network.
	IgnoreTLS bool
	// Attempts is how often a call is tried in all: 4 by default, 1 for no retry.
	Attempts int
	// LongestWait bounds the waits between attempts, which grow: 5 s by default.
	LongestWait time.Duration
	// Stall is how long a connection may deliver nothing: 30 s by default.
	Stall time.Duration
	// OneCall closes each connection after its answer, for a Client of a few calls: nothing stays open after the last.
	OneCall bool
}

// ConfigFromEnv reads the Config from environment variables, given by getenv (os.Getenv): MLFLOW_S3_ENDPOINT_URL, else
// AWS_ENDPOINT_URL_S3, else AWS_ENDPOINT_URL; MLFLOW_S3_IGNORE_TLS; AWS_REGION, else AWS_DEFAULT_REGION; AWS_ACCESS_KEY_ID,
// AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; AWS_PROFILE. It refuses values that cannot be meant.
func ConfigFromEnv(getenv func(string) string) (Config, error) {
	c := Config{
		Endpoint:        cmp.Or(getenv("MLFLOW_S3_ENDPOINT_URL"), getenv("AWS_ENDPOINT_URL_S3"), getenv("AWS_ENDPOINT_URL")),
		Region:          cmp.Or(getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION")),
		AccessKeyID:     getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    getenv("AWS_SESSION_TOKEN"),
		Profile:         getenv("AWS_PROFILE"),
	}
	switch value := getenv("MLFLOW_S3_IGNORE_TLS"); strings.ToLower(value) { // the words MLflow takes
	case "true", "1":
		c.IgnoreTLS = true
	case "", "false", "0":
	default:
		return Config{}, fmt.Errorf("MLFLOW_S3_IGNORE_TLS is %q; write true or false", value)
	}
	return c, c.check()
}

// String hides the credentials, so that a Config can be logged.
func (c Config) String() string {
	key := "found by the SDK"
	if c.AccessKeyID != "" {
		key = "given"
	}
	return fmt.Sprintf("s3 endpoint %q region %q profile %q credentials %s", c.Endpoint, c.Region, c.Profile, key)
}

// GoString hides the credentials from %#v.
func (c Config) GoString() string { return c.String() }

// check refuses a Config that cannot work, without naming a secret.
func (c Config) check() error {
	if (c.AccessKeyID == "") != (c.SecretAccessKey == "") {
		return errors.New("one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set; set both or none")
	}
	if c.SessionToken != "" && c.AccessKeyID == "" {
		return errors.New("AWS_SESSION_TOKEN is set without AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	if c.Attempts < 0 || c.Stall < 0 || c.LongestWait < 0 {
		return fmt.Errorf("s3: %d attempts, waits of %v and a stall of %v: none may be negative", c.Attempts, c.LongestWait, c.Stall)
	}
	if c.Endpoint == "" {
		return nil
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return errors.New("the S3 endpoint is not an address; write http://host:port or https://host")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("the S3 endpoint %s://%s must hold no user, query or fragment; credentials go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", u.Scheme, u.Host)
	}
	return nil
}
