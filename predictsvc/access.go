package predictsvc

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// AccessConfig says who may ask, how often, and from which web pages. The zero value answers everybody who reaches the address, and no page
// of another origin.
type AccessConfig struct {
	// Tokens are bearer tokens of which a request must have one (Authorization: Bearer …). Without tokens here and in TokenFile,
	// everybody may ask. /health, /ready, /live, /ping, /v2/health/live, /v2/health/ready and the files of the pages, which say nothing about
	// the model, are open.
	Tokens []string
	// TokenFile holds more tokens, one a line; empty lines and those that begin with # are skipped. It is read again when it changes,
	// so that a token can be rotated: add the new one, tell the clients, remove the old one.
	TokenFile string
	// RatePerSecond is the number of requests a second that one client may send for long, and Burst the number that it may send at
	// once; Burst 0 is a second's worth. A request beyond them is answered by 429 with Retry-After. 0 sets no limit. A client is an
	// IPv4 address or the first 64 bits of an IPv6 address.
	RatePerSecond float64
	Burst         int
	// TrustedProxies are addresses and CIDR ranges of proxies whose X-Forwarded-For tells the client's address; by default none is
	// believed.
	TrustedProxies []string
	// Origins are the origins of web pages that may ask (https://example.org), or "*" for all; by default none.
	Origins []string
}

// openPaths need no token and have no limit: whoever watches over the service asks them.
var openPaths = map[string]bool{
	"/health": true, "/ready": true, "/live": true, "/ping": true, "/v2/health/live": true, "/v2/health/ready": true,
}

func (a AccessConfig) validate() error {
	for i, token := range a.Tokens {
		if err := checkToken(token); err != nil {
			return fmt.Errorf("predictsvc: Config.Access.Tokens[%d] %w", i, err)
		}
	}
	switch {
	case a.RatePerSecond < 0 || a.Burst < 0:
		return errors.New("predictsvc: Config.Access.RatePerSecond or Burst is negative")
	case a.Burst > 0 && a.RatePerSecond == 0:
		return errors.New("predictsvc: Config.Access.Burst has no meaning without RatePerSecond")
	}
	for _, proxy := range a.TrustedProxies {
		_, rangeErr := netip.ParsePrefix(proxy)
		if _, err := netip.ParseAddr(proxy); err != nil && rangeErr != nil {
			return fmt.Errorf("predictsvc: Config.Access.TrustedProxies: %q is neither an address nor a range such as 10.0.0.0/8", proxy)
		}
	}
	for _, origin := range a.Origins {
		if err := checkOrigin(origin); err != nil {
			return err
		}
	}
	return nil
}

func checkOrigin(origin string) error {
	if origin == "*" {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || origin != u.Scheme+"://"+u.Host {
		return fmt.Errorf("predictsvc: Config.Access.Origins: %q is not an origin such as https://example.org", origin)
	}
	return nil
}

// installAccess adds what the configuration asks for to the engine; what is off costs nothing.
func (s *Service) installAccess(e *gin.Engine) error {
	access := s.config.Access
	if err := e.SetTrustedProxies(access.TrustedProxies); err != nil {
		return fmt.Errorf("predictsvc: Config.Access.TrustedProxies: %w", err)
	}
	if len(access.Origins) > 0 {
		e.Use(s.cors)
	}
	if access.RatePerSecond > 0 {
		limiter := newLimiter(access.RatePerSecond, access.Burst)
		e.Use(func(c *gin.Context) { s.limit(c, limiter) })
	}
	if len(access.Tokens) > 0 || access.TokenFile != "" {
		keys, err := newTokens(access, s.config.Logger)
		if err != nil {
			return fmt.Errorf("predictsvc: %w", err)
		}
		e.Use(func(c *gin.Context) { s.authorize(c, keys) })
	}
	return nil
}

// Headers that a page of another origin may send, and read from an answer.
var (
	corsRequest = strings.Join([]string{"Authorization", "Content-Type", headerRequestID, "traceparent", "tracestate"}, ", ")
	corsAnswer  = strings.Join([]string{headerRequestID, headerModelName, headerModelVersion, headerModelRunID, headerModelAlias, "Retry-After"}, ", ")
)

// cors tells a browser which pages may read the answer, and answers its question before a request (the Fetch standard's CORS protocol).
// No credentials are allowed: the service knows no cookies.
func (s *Service) cors(c *gin.Context) {
	header := c.Writer.Header()
	all := slices.Contains(s.config.Access.Origins, "*")
	if !all {
		header.Add("Vary", "Origin")
	}
	origin := c.Request.Header.Get("Origin")
	if origin == "" || (!all && !slices.Contains(s.config.Access.Origins, origin)) {
		return
	}
	if all {
		origin = "*"
	}
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Expose-Headers", corsAnswer)
	if c.Request.Method == http.MethodOptions && c.Request.Header.Get("Access-Control-Request-Method") != "" {
		header.Set("Access-Control-Allow-Methods", "GET, HEAD, POST")
		header.Set("Access-Control-Allow-Headers", corsRequest)
		header.Set("Access-Control-Max-Age", "600")
		c.AbortWithStatus(http.StatusNoContent)
	}
}
