package mlflowclient_test

import (
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"mlopsgo/mlflowclient"
)

// record is what the tests of this binary did to real servers.
var record = &recorder{real: map[string]bool{}, done: map[carriedOut]bool{}}

// recorder keeps which operations were carried out with success, and by which methods of this package.
type recorder struct {
	mu   sync.Mutex
	real map[string]bool
	done map[carriedOut]bool
}

// carriedOut is an answer of the 200 class. Caller is a method of this package, as Type.Method, that was waiting for it.
type carriedOut struct{ host, method, path, caller string }

// server takes the answers from a server for real ones; those of fakes and proxies prove nothing.
func (r *recorder) server(uri string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.real[hostOf(uri)] = true
	return uri
}

func hostOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	return u.Host
}

// recorded keeps what a client does. It costs some microseconds a call, which benchmarks must not measure.
func recorded(tb testing.TB) mlflowclient.Option {
	if _, bench := tb.(*testing.B); bench {
		return mlflowclient.WithObserver(nil)
	}
	return mlflowclient.WithObserver(record.see)
}

// ourMethod is a method's name in a stack, or that of a function literal in one, which the compiler may have moved to
// the method's caller, of whose name it is a part then.
var ourMethod = regexp.MustCompile(`^mlopsgo/mlflowclient.*\.\(\*(\w+)\)\.([A-Za-z]\w*)`)

// inBackground is the method that sends for those which only hand over to it.
var inBackground = map[string]string{
	"MetricWriter.Log": "MetricWriter.work", "MetricWriter.LogBatch": "MetricWriter.work", "MetricWriter.LogParam": "MetricWriter.work",
	"MetricWriter.SetTag": "MetricWriter.work", "MetricWriter.Flush": "MetricWriter.work", "MetricWriter.Close": "MetricWriter.work",
	"ActiveRun.NewMetricWriter": "MetricWriter.work", "RunService.NewMetricWriter": "MetricWriter.work",
}

func (r *recorder) see(req *http.Request, status int) {
	if status < 200 || status > 299 {
		return
	}
	pcs := make([]uintptr, 100)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	callers := []string{""}
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		if name := ourMethod.FindStringSubmatch(frame.Function); name != nil {
			callers = append(callers, name[1]+"."+name[2])
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, caller := range callers {
		r.done[carriedOut{req.URL.Host, req.Method, req.URL.EscapedPath(), caller}] = true
	}
}

// suite is all tests, and then a look at what they did.
type suite struct{ *testing.M }

// Run implements goleak.TestingM.
func (s suite) Run() int {
	code := s.M.Run()
	own.stop()
	if code != 0 || !whole() {
		return code
	}
	if lines := record.missing(); len(lines) > 0 {
		fmt.Fprintf(os.Stderr, "FAIL: the tests did not carry out, against a real server and with success:\n%s\n", strings.Join(lines, "\n"))
		return 1
	}
	return 0
}

// whole tells that all tests ran, with the real server: a part of them proves nothing about the rest.
func whole() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return !testing.Short() && len(record.real) > 0
}

// missing names the methods of the table and of the package that did nothing.
func (r *recorder) missing() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	table, err := readOperations()
	if err != nil {
		return []string{err.Error()}
	}
	source, err := readSource()
	if err != nil {
		return []string{err.Error()}
	}
	called, callers := map[[3]string]bool{}, map[string]bool{}
	for did := range r.done {
		if !r.real[did.host] {
			continue
		}
		callers[did.caller] = true
		if row := match(table, did.method, did.path); row != nil {
			called[[3]string{row.method, row.path, did.caller}] = true
		}
	}
	var lines []string
	for _, row := range table {
		for _, method := range row.methods() {
			caller := source.resolve(method)
			if row.note != "" { // another form of the method's operation, which only a test sends
				caller = "Client.Do"
			}
			if !called[[3]string{row.method, row.path, caller}] {
				lines = append(lines, fmt.Sprintf("%s %s by %s", row.method, row.path, caller))
			}
		}
	}
	for _, method := range source.calling {
		if !callers[method] && !callers[inBackground[method]] {
			lines = append(lines, "any operation by "+method)
		}
	}
	return lines
}
