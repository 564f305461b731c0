package prefectclient

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// operation is a row of testdata/operations.tsv.
type operation struct {
	method, path string
	// by is the method that carries it out, such as Flows.Read, or Do.
	by, why string
}

func (o operation) String() string { return o.method + " " + o.path }

func operations() ([]operation, error) {
	text, err := os.ReadFile("testdata/operations.tsv")
	if err != nil {
		return nil, err
	}
	var all []operation
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		switch {
		case strings.HasPrefix(line, "#"):
		case len(fields) == 3 && fields[2] != "Do":
			all = append(all, operation{fields[0], fields[1], fields[2], ""})
		case len(fields) == 4 && fields[2] == "Do":
			all = append(all, operation{fields[0], fields[1], fields[2], fields[3]})
		default:
			return nil, fmt.Errorf("testdata/operations.tsv: %q is not method, path, and a Go method or Do with a reason", line)
		}
	}
	return all, nil
}

// TestOperations compares the table with what the running server has.
func TestOperations(t *testing.T) {
	c := server(t)
	var openAPI struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := c.Do(t.Context(), http.MethodGet, "/openapi.json", nil, &openAPI); err != nil {
		t.Fatal(err)
	}
	var served, listed []string
	for path, methods := range openAPI.Paths {
		for method := range methods {
			served = append(served, strings.ToUpper(method)+" "+path)
		}
	}
	typed := 0
	for _, op := range must[[]operation](t)(operations()) {
		listed = append(listed, op.String())
		if op.by != "Do" {
			typed++
		}
		if op.by != "Do" && op.by != "Client" && !hasMethod(c, op.by) {
			t.Errorf("%v: there is no method %s", op, op.by)
		}
	}
	for _, op := range served {
		if !slices.Contains(listed, op) {
			t.Errorf("the server's %s is not in the table", op)
		}
	}
	for _, op := range listed {
		if !slices.Contains(served, op) {
			t.Errorf("%s is in the table, but the server has it no more", op)
		}
	}
	t.Logf("%d operations, %d by methods", len(listed), typed)
}

func hasMethod(c *Client, name string) bool {
	service, method, _ := strings.Cut(name, ".")
	field := reflect.ValueOf(c).Elem().FieldByName(service)
	return field.IsValid() && field.MethodByName(method).IsValid()
}

// recorder notes which operations the server carried out for the tests of this package.
type recorder struct {
	next http.RoundTripper
}

// recorded makes a client note its calls.
func recorded(t testing.TB) Option {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	return WithTransport(recorder{transport})
}

// carriedOut has the calls that were answered with success: "POST /flows/".
var carriedOut sync.Map

func (r recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.next.RoundTrip(req)
	if err == nil && resp.StatusCode < 300 {
		_, path, _ := strings.Cut(req.URL.Path, "/api")
		carriedOut.Store(req.Method+" "+path, true)
	}
	return resp, err
}

func (r recorder) CloseIdleConnections() {
	if closer, ok := r.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// covered runs the tests, and fails when all of them ran and left out an operation that has a method.
type covered struct{ *testing.M }

func (m covered) Run() int {
	code := m.M.Run()
	whole := !testing.Short() && flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == ""
	if code != 0 || !whole || os.Getenv("REQUIRE_STACK") != "1" {
		return code
	}
	missing, err := notCarriedOut()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	for _, op := range missing {
		fmt.Printf("no test carried out %v by %s with success\n", op, op.by)
		code = 1
	}
	return code
}

func notCarriedOut() ([]operation, error) {
	all, err := operations()
	if err != nil {
		return nil, err
	}
	// A path is that of the operation with the most fixed segments: /flow_runs/filter is not /flow_runs/{id}.
	slices.SortFunc(all, func(a, b operation) int { return strings.Count(a.path, "{") - strings.Count(b.path, "{") })
	patterns := make([]*regexp.Regexp, len(all))
	for i, op := range all {
		patterns[i] = regexp.MustCompile("^" + op.method + " " + regexp.MustCompile(`\\\{[a-z_]+\\\}`).ReplaceAllString(regexp.QuoteMeta(op.path), `[^/]+`) + "$")
	}
	done := make([]bool, len(all))
	carriedOut.Range(func(called, _ any) bool {
		if i := slices.IndexFunc(patterns, func(p *regexp.Regexp) bool { return p.MatchString(called.(string)) }); i >= 0 {
			done[i] = true
		}
		return true
	})
	var missing []operation
	for i, op := range all {
		if op.by != "Do" && !done[i] {
			missing = append(missing, op)
		}
	}
	return missing, nil
}
