package predictsvc

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	tokenOne = "one-0123456789abcdef"
	tokenTwo = "two-0123456789abcdef"
)

// withAccess is a service with a model, in the process.
func withAccess(t *testing.T, access AccessConfig) *Service {
	t.Helper()
	s := newService(t, Config{Access: access})
	m, err := folderModel(t, modelFiles(t, tinyForest(5, 6), nil))
	must(t, err)
	s.follower.swap(m)
	return s
}

// ask sends a request without a body through the handler.
func ask(s *Service, method, path string, header ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequestWithContext(context.Background(), method, path, http.NoBody)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response := httptest.NewRecorder()
	s.Handler().ServeHTTP(response, request)
	return response
}

func TestTokens(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	must(t, os.WriteFile(file, []byte("# the clients'\n\n"+tokenTwo+"\r\n"), 0o600))
	s := withAccess(t, AccessConfig{Tokens: []string{tokenOne}, TokenFile: file})
	for header, want := range map[string]struct {
		status    int
		challenge string
	}{
		"":                         {401, `Bearer realm="predictor"`},
		"Basic " + tokenOne:        {401, `Bearer realm="predictor"`},
		"Bearer":                   {401, `Bearer realm="predictor"`},
		"Bearer " + tokenOne[1:]:   {401, `Bearer realm="predictor", error="invalid_token"`},
		"Bearer " + tokenOne + "x": {401, `Bearer realm="predictor", error="invalid_token"`},
		"Bearer # the clients'":    {401, `Bearer realm="predictor", error="invalid_token"`},
		"Bearer " + tokenOne:       {200, ""},
		"bearer  " + tokenTwo:      {200, ""},
	} {
		got := post(s, wine, "Authorization", header)
		if got.Code != want.status || got.Header().Get("WWW-Authenticate") != want.challenge {
			t.Errorf("%q: %d %s %v", header, got.Code, got.Body, got.Header())
		}
	}
	for _, path := range []string{"/health", "/ready", "/live", "/ping", "/v2/health/live", "/v2/health/ready"} {
		if got := ask(s, http.MethodGet, path); got.Code != http.StatusOK {
			t.Errorf("%s needs a token: %d", path, got.Code)
		}
	}
	for _, path := range []string{"/metrics", "/nowhere", "/health/", "//health", "/Health"} {
		if got := ask(s, http.MethodGet, path); got.Code != http.StatusUnauthorized {
			t.Errorf("%s needs no token: %d", path, got.Code)
		}
	}
}

func TestTokensAreRotated(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	must(t, os.WriteFile(file, []byte(tokenOne+"\n"), 0o600))
	s := withAccess(t, AccessConfig{TokenFile: file})
	status := func(token string) int { return post(s, wine, "Authorization", "Bearer "+token).Code }
	replace := func(text string) {
		must(t, os.WriteFile(file+".new", []byte(text), 0o600))
		must(t, os.Rename(file+".new", file))
	}
	if status(tokenOne) != http.StatusOK || status(tokenTwo) != http.StatusUnauthorized {
		t.Fatal("the first token")
	}
	replace(tokenOne + "\n" + tokenTwo + "\n")
	eventually(t, "both tokens", func() bool { return status(tokenTwo) == http.StatusOK })
	if status(tokenOne) != http.StatusOK {
		t.Error("the first token is gone")
	}
	replace("# nothing\n") // a mistake: what was in force stays so
	time.Sleep(watchTime + 100*time.Millisecond)
	if status(tokenOne) != http.StatusOK || status(tokenTwo) != http.StatusOK {
		t.Error("an empty file shut everybody out")
	}
	replace(tokenTwo + "\n")
	eventually(t, "the first token withdrawn", func() bool { return status(tokenOne) == http.StatusUnauthorized })
	if status(tokenTwo) != http.StatusOK {
		t.Error("the second token is gone")
	}
}

func TestLimit(t *testing.T) {
	s := withAccess(t, AccessConfig{RatePerSecond: 0.01, Burst: 3, TrustedProxies: []string{"192.0.2.0/24"}}) // httptest's address is 192.0.2.1
	from := func(address string) *httptest.ResponseRecorder { return post(s, wine, "X-Forwarded-For", address) }
	for i := range 4 {
		got := from("10.1.1.1")
		if limited := got.Code == http.StatusTooManyRequests; limited != (i == 3) {
			t.Fatalf("request %d: %d %s", i, got.Code, got.Body)
		}
		if i == 3 && got.Header().Get("Retry-After") != "100" {
			t.Errorf("Retry-After %q", got.Header().Get("Retry-After"))
		}
	}
	for i := range 4 { // one network of IPv6 is one client
		if got := from(fmt.Sprintf("2001:db8::%d", i+1)); (got.Code == http.StatusTooManyRequests) != (i == 3) {
			t.Errorf("request %d of the network: %d", i, got.Code)
		}
	}
	if got := from("10.1.1.2"); got.Code != http.StatusOK {
		t.Error("another client pays for the first", got.Code)
	}
	for _, path := range []string{"/ready", "/v2/health/ready"} {
		if got := ask(s, http.MethodGet, path, "X-Forwarded-For", "10.1.1.1"); got.Code != http.StatusOK {
			t.Error(path, "is limited", got.Code)
		}
	}
	s = withAccess(t, AccessConfig{RatePerSecond: 0.01})
	if first, second := post(s, wine, "X-Forwarded-For", "10.1.1.1"), post(s, wine, "X-Forwarded-For", "10.1.1.2"); first.Code != 200 || second.Code != 429 {
		t.Error("a header that no trusted proxy wrote is believed", first.Code, second.Code)
	}
}

func TestLimitersMemoryIsBounded(t *testing.T) {
	l := newLimiter(1, 2)
	now := time.Now()
	address := netip.MustParseAddr("10.0.0.0")
	for range 3 * limitShards * clientsOfShard {
		l.take(address, now)
		address = address.Next()
	}
	count := func() (n int) {
		for i := range l.shards {
			n += len(l.shards[i].clients)
		}
		return n
	}
	if n := count(); n != limitShards*clientsOfShard {
		t.Errorf("%d clients are remembered", n)
	}
	const others = 1000 // so many that some come to each shard, however they are spread
	for range others {  // those that have been quiet are forgotten
		l.take(address, now.Add(time.Minute))
		address = address.Next()
	}
	if n := count(); n > others {
		t.Errorf("%d clients are remembered after a quiet minute", n)
	}
}

func TestCORS(t *testing.T) {
	const origin = "https://example.org"
	preflight := []string{"Origin", origin, "Access-Control-Request-Method", "POST"}
	off := withAccess(t, AccessConfig{})
	if got := ask(off, http.MethodOptions, "/predict", preflight...); got.Code != 405 || got.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Error("it is not off by default", got.Code, got.Header())
	}
	s := withAccess(t, AccessConfig{Origins: []string{origin}, Tokens: []string{tokenOne}})
	got := ask(s, http.MethodOptions, "/predict", preflight...)
	if h := got.Header(); got.Code != 204 || h.Get("Access-Control-Allow-Origin") != origin || h.Get("Vary") != "Origin" ||
		!strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Error(got.Code, h)
	}
	got = post(s, wine, "Origin", origin, "Authorization", "Bearer "+tokenOne)
	if got.Code != 200 || got.Header().Get("Access-Control-Allow-Origin") != origin || got.Header().Get("Access-Control-Allow-Credentials") != "" {
		t.Error(got.Code, got.Header())
	}
	if got = post(s, wine, "Origin", origin); got.Code != 401 || got.Header().Get("Access-Control-Allow-Origin") != origin {
		t.Error("the page cannot read why", got.Code, got.Header())
	}
	for _, other := range []string{"https://example.org.evil", "http://example.org", "null"} {
		if got := post(s, wine, "Origin", other, "Authorization", "Bearer "+tokenOne); got.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Error(other, "may read", got.Header())
		}
	}
	all := withAccess(t, AccessConfig{Origins: []string{"*"}})
	if got := post(all, wine, "Origin", origin); got.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Error(got.Header())
	}
}

func TestWrongOperations(t *testing.T) {
	client := newClient(t, "http://127.0.0.1:1")
	empty := filepath.Join(t.TempDir(), "empty")
	must(t, os.WriteFile(empty, []byte("short\n"), 0o600))
	for says, config := range map[string]Config{
		"Tokens[1] has fewer than 16 characters":      {Access: AccessConfig{Tokens: []string{tokenOne, "short"}}},
		"not printable ASCII":                         {Access: AccessConfig{Tokens: []string{"0123456789 abcdef"}}},
		"empty:1: the token has fewer":                {Access: AccessConfig{TokenFile: empty}},
		"no such file":                                {Access: AccessConfig{TokenFile: empty + "x"}},
		"RatePerSecond or Burst is negative":          {Access: AccessConfig{RatePerSecond: -1}},
		"Burst has no meaning":                        {Access: AccessConfig{Burst: 1}},
		"neither an address nor a range":              {Access: AccessConfig{TrustedProxies: []string{"proxy"}}},
		`"example.org" is not an origin`:              {Access: AccessConfig{Origins: []string{"example.org"}}},
		`"https://example.org/" is not an origin`:     {Access: AccessConfig{Origins: []string{"https://example.org/"}}},
		"needs both":                                  {TLS: TLSConfig{CertFile: "x"}},
		`"0.0.0.0:6060" is not an address of this`:    {Profile: "0.0.0.0:6060"},
		`":6060" is not an address of this machine`:   {Profile: ":6060"},
		`"10.0.0.1:1" is not an address of this`:      {Profile: "10.0.0.1:1"},
		`"example.org:1" is not an address of this m`: {Profile: "example.org:1"},
		"missing port":                                {Profile: "127.0.0.1"},
		"Drain is negative":                           {Drain: -1},
	} {
		config.Client = client
		if _, err := New(config); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "short") {
			t.Errorf("error %v, want one that says %q", err, says)
		}
	}
}
