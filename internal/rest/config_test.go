package rest

import (
	"net/http"
	"strings"
	"testing"
)

func TestNewRefuses(t *testing.T) {
	tests := map[string]Config{
		"no address":              {},
		"no scheme":               {BaseURL: "localhost:5000"},
		"another scheme":          {BaseURL: "ftp://host"},
		"no host":                 {BaseURL: "http:///path"},
		"a query":                 {BaseURL: "http://host/?a=1"},
		"a fragment":              {BaseURL: "http://host/#a"},
		"no URL":                  {BaseURL: "http://user:hunter2@ho st/%zz"},
		"a slash in a password":   {BaseURL: "http://ann:hunter2/2@host"},
		"two kinds of login":      {BaseURL: "http://host", Username: "a", Token: "b"},
		"a password for nobody":   {BaseURL: "http://host", Password: "hunter2"},
		"a missing authority":     {BaseURL: "https://host", TLS: TLS{CAFile: "/does/not/exist"}},
		"trust and mistrust":      {BaseURL: "https://host", TLS: TLS{CAFile: "x", Insecure: true}},
		"a key of nothing":        {BaseURL: "https://host", TLS: TLS{KeyFile: "x"}},
		"a missing certificate":   {BaseURL: "https://host", TLS: TLS{CertFile: "/does/not/exist"}},
		"TLS of a foreign system": {BaseURL: "https://host", TLS: TLS{Insecure: true}, Transport: http.DefaultTransport},
	}
	for name, cfg := range tests {
		c, err := New(cfg)
		if err == nil || c != nil {
			t.Errorf("%s passes", name)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error holds the password: %v", name, err)
		}
	}
}

func TestNewTakesCredentialsOutOfTheAddress(t *testing.T) {
	s := &script{}
	base := server(t, s.ServeHTTP)
	c := client(t, Config{BaseURL: strings.Replace(base, "http://", "http://ann:hunter2@", 1)})
	if c.BaseURL() != base {
		t.Errorf("address %s", c.BaseURL())
	}
	if _, err := c.Do(t.Context(), &Request{Method: http.MethodGet, Path: "/"}); err != nil {
		t.Fatal(err)
	}
	if got := s.headers[0].Get("Authorization"); got != "Basic YW5uOmh1bnRlcjI=" {
		t.Errorf("header %q", got)
	}
	t.Run("unless others are given", func(t *testing.T) {
		s := &script{}
		base := server(t, s.ServeHTTP)
		c := client(t, Config{BaseURL: strings.Replace(base, "http://", "http://ann:hunter2@", 1), Token: "t"})
		if _, err := c.Do(t.Context(), &Request{Method: http.MethodGet, Path: "/"}); err != nil {
			t.Fatal(err)
		}
		if got := s.headers[0].Get("Authorization"); got != "Bearer t" {
			t.Errorf("header %q", got)
		}
	})
}

func TestErrorsHoldNoCredentials(t *testing.T) {
	for _, cfg := range []Config{
		{BaseURL: "http://ann:hunter2@127.0.0.1:1/base"},
		{BaseURL: "http://127.0.0.1:1", Username: "ann", Password: "hunter2"},
		{BaseURL: "http://127.0.0.1:1", Token: "hunter2"},
	} {
		cfg.Backoff = Backoff{Retries: 1}
		c := client(t, cfg)
		_, err := c.Do(t.Context(), &Request{Method: http.MethodGet, Path: "/x"})
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "refused") {
			t.Errorf("error %v", err)
		}
	}
}

func TestExcerpt(t *testing.T) {
	tests := map[string]string{
		"":                           "",
		"  a\r\n\t b  ":              "a b",
		"<html>\n  <h1>502 Bad</h1>": "<html> <h1>502 Bad</h1>",
		"a\x00b\x1b[31m\xff":         "a.b.[31m.",
		strings.Repeat("x", 1000):    strings.Repeat("x", 300) + " …",
	}
	for in, want := range tests {
		if got := Excerpt([]byte(in)); got != want {
			t.Errorf("%.40q: %q", in, got)
		}
	}
}

func FuzzExcerpt(f *testing.F) {
	f.Add([]byte("<html>\n x"))
	f.Add([]byte{0xff, 0xfe, '\n'})
	f.Fuzz(func(t *testing.T, body []byte) {
		got := Excerpt(body)
		if len(got) > 310 || strings.ContainsAny(got, "\n\r\t\x00\x1b") {
			t.Errorf("%q", got)
		}
	})
}
