package pipeline

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// answered gives an address at which a server is reached. Each call is shown before its answer is passed on, so when the server has carried it out
// and nobody knows it yet; the status, unless 0, replaces the server's.
func answered(t *testing.T, target string, show func(*http.Request) (status int)) string {
	t.Helper()
	address, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	server := httptest.NewServer(&httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: address.Scheme, Host: address.Host})
			r.Out.Host = r.In.Host // which S3 signs
		},
		ModifyResponse: func(r *http.Response) error {
			r.StatusCode = cmp.Or(show(r.Request), r.StatusCode)
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	})
	t.Cleanup(server.Close)
	return server.URL + address.Path
}

// after calls back at the answer to a call, given by the end of its path, after some that are skipped.
func after(call string, skip int64, do func()) func(*http.Request) int {
	var calls atomic.Int64
	return func(r *http.Request) int {
		if strings.HasSuffix(r.URL.Path, call) && calls.Add(1) == skip+1 {
			do()
		}
		return 0
	}
}
