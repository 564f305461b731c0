package s3_test

import (
	"fmt"
	"strings"
	"testing"

	"mlopsgo/internal/s3"
)

func TestConfigFromEnv(t *testing.T) {
	keys := map[string]string{"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "hidden-secret"}
	for _, test := range []struct {
		name string
		env  map[string]string
		want s3.Config
	}{
		{"nothing", nil, s3.Config{}},
		{
			"MLflow's endpoint first",
			map[string]string{"MLFLOW_S3_ENDPOINT_URL": "http://a:1", "AWS_ENDPOINT_URL_S3": "http://b", "AWS_ENDPOINT_URL": "http://c"},
			s3.Config{Endpoint: "http://a:1"},
		},
		{"S3's endpoint next", map[string]string{"AWS_ENDPOINT_URL_S3": "https://b/", "AWS_ENDPOINT_URL": "http://c"}, s3.Config{Endpoint: "https://b/"}},
		{"the endpoint of all services last", map[string]string{"AWS_ENDPOINT_URL": "http://c"}, s3.Config{Endpoint: "http://c"}},
		{"TLS off", map[string]string{"MLFLOW_S3_IGNORE_TLS": "True"}, s3.Config{IgnoreTLS: true}},
		{"TLS on", map[string]string{"MLFLOW_S3_IGNORE_TLS": "0"}, s3.Config{}},
		{"region", map[string]string{"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "x"}, s3.Config{Region: "eu-west-1"}},
		{"default region", map[string]string{"AWS_DEFAULT_REGION": "eu-west-2"}, s3.Config{Region: "eu-west-2"}},
		{"profile", map[string]string{"AWS_PROFILE": "lab"}, s3.Config{Profile: "lab"}},
		{"keys", keys, s3.Config{AccessKeyID: "key", SecretAccessKey: "hidden-secret"}},
	} {
		got, err := s3.ConfigFromEnv(func(name string) string { return test.env[name] })
		if err != nil || got != test.want {
			t.Errorf("%s: %v, %v", test.name, got, err)
		}
	}
}

func TestConfigFromEnvRefuses(t *testing.T) {
	for env, want := range map[string]string{
		"MLFLOW_S3_IGNORE_TLS=yes":                 `MLFLOW_S3_IGNORE_TLS is "yes"; write true or false`,
		"AWS_ACCESS_KEY_ID=key":                    "one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set; set both or none",
		"AWS_SECRET_ACCESS_KEY=hidden":             "one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set; set both or none",
		"AWS_SESSION_TOKEN=hidden":                 "AWS_SESSION_TOKEN is set without AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
		"AWS_ENDPOINT_URL=localhost:9000":          "the S3 endpoint is not an address; write http://host:port or https://host",
		"AWS_ENDPOINT_URL=ftp://host":              "the S3 endpoint is not an address; write http://host:port or https://host",
		"AWS_ENDPOINT_URL=http://":                 "the S3 endpoint is not an address; write http://host:port or https://host",
		"AWS_ENDPOINT_URL=http://me:hidden@host:1": "the S3 endpoint http://host:1 must hold no user, query or fragment; credentials go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
	} {
		name, value, _ := strings.Cut(env, "=")
		_, err := s3.ConfigFromEnv(func(n string) string {
			if n == name {
				return value
			}
			return ""
		})
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwanted %s", env, err, want)
		}
	}
	if _, err := s3.New(t.Context(), s3.Config{Attempts: -1}); err == nil {
		t.Error("-1 attempts were taken")
	}
}

func TestConfigHidesItsSecrets(t *testing.T) {
	config := s3.Config{Endpoint: "http://h", AccessKeyID: "hidden-id", SecretAccessKey: "hidden-secret", SessionToken: "hidden-token"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, config); strings.Contains(text, "hidden") || !strings.Contains(text, "http://h") {
			t.Errorf("%s: %s", format, text)
		}
	}
}
