package main

import (
	"log/slog"
	"strings"
	"time"

	"mlopsgo/internal/command"
	"mlopsgo/predictsvc"
)

// groups are the headings of the flags in the help.
var groups = []command.Group{
	{Key: "model", Title: "The model:"},
	{Key: "requests", Title: "Requests and answers:"},
	{Key: "log", Title: "The log of predictions:"},
	{Key: "listening", Title: "Listening and stopping:"},
	{Key: "access", Title: "Who may ask:"},
	{Key: "watching", Title: "Watching it:"},
}

// listening is where the service listens and how it stops.
type listening struct {
	Addr     string        `group:"listening" help:"Address to listen on; port 0 takes a free one." default:"127.0.0.1:9003" env:"PREDICTOR_ADDR"`
	TLSCert  string        `name:"tls-cert" group:"listening" help:"PEM file of the certificate, with those that lead to its issuer. It is read again when it changes. Needs --tls-key." env:"PREDICTOR_TLS_CERT"`
	TLSKey   string        `name:"tls-key" group:"listening" help:"PEM file of the certificate's key." env:"PREDICTOR_TLS_KEY"`
	Drain    time.Duration `group:"listening" help:"Time to go on after a signal while /ready says 503, for a load balancer to notice." default:"0s" env:"PREDICTOR_DRAIN"`
	Shutdown time.Duration `group:"listening" help:"Time for the requests under way at the end, and then again for the predictions on their way to Postgres." default:"10s" env:"PREDICTOR_SHUTDOWN"`
}

func (l listening) apply(config *predictsvc.Config) {
	config.Addr, config.Drain, config.Shutdown = l.Addr, l.Drain, l.Shutdown
	config.TLS = predictsvc.TLSConfig{CertFile: l.TLSCert, KeyFile: l.TLSKey}
}

// access is who may ask.
type access struct {
	TokenFile      string   `group:"access" help:"File with the bearer tokens of which a request must have one, one a line. It is read again when it changes. PREDICTOR_TOKENS holds more, with commas. /health, /ready, /live, /ping, /v2/health/live and /v2/health/ready are open." env:"PREDICTOR_TOKEN_FILE"`
	Rate           float64  `group:"access" help:"Requests a second that one client address may send for long; 0 sets no limit." default:"0" env:"PREDICTOR_RATE"`
	Burst          int      `group:"access" help:"Requests that it may send at once; 0 is a second's worth." default:"0" env:"PREDICTOR_BURST"`
	TrustedProxies []string `group:"access" help:"Addresses and ranges of proxies whose X-Forwarded-For tells the client's address." env:"PREDICTOR_TRUSTED_PROXIES"`
	CORSOrigins    []string `name:"cors-origins" group:"access" help:"Origins of web pages that may ask, such as https://example.org, or * for all." env:"PREDICTOR_CORS_ORIGINS"`
}

func (a access) config(getenv func(string) string) predictsvc.AccessConfig {
	return predictsvc.AccessConfig{
		Tokens: tokens(getenv("PREDICTOR_TOKENS")), TokenFile: a.TokenFile, RatePerSecond: a.Rate, Burst: a.Burst,
		TrustedProxies: a.TrustedProxies, Origins: a.CORSOrigins,
	}
}

// tokens are those of a list with commas.
func tokens(list string) []string {
	var all []string
	for token := range strings.SplitSeq(list, ",") {
		if token = strings.TrimSpace(token); token != "" {
			all = append(all, token)
		}
	}
	return all
}

// watching is what those see who run the service.
type watching struct {
	LogLevel slog.Level `group:"watching" help:"What is logged: DEBUG (every request), INFO, WARN or ERROR." default:"INFO" env:"PREDICTOR_LOG_LEVEL"`
	Profile  string     `group:"watching" help:"Address of this machine's own, such as 127.0.0.1:6060, for Go's profiles at /debug/pprof/; none without it." placeholder:"ADDRESS" env:"PREDICTOR_PROFILE"`
}
