package predictsvc

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
)

// Tracer makes a span of each request. Which system of tracing is behind it is the caller's choice; the command's is OpenTelemetry. Its
// methods are called by many goroutines.
type Tracer interface {
	// Start begins the span of a request that came with these headers, which may name the client's span (W3C's traceparent). The name
	// is the method and the route; the context is the request's, and the one returned the handler's.
	Start(ctx context.Context, name string, header http.Header) (context.Context, Span)
}

// Span is a request under way, for a [Tracer]. One goroutine calls its methods.
type Span interface {
	// TraceID is the trace's id as the log has it, or "" for one that is not recorded.
	TraceID() string
	// Set adds an attribute: a string, an int, a float64 or a bool.
	Set(key string, value any)
	// Child begins a span for a part of the request, whose context [Tracer.Start] returned; the function returned ends it.
	Child(ctx context.Context, name string) (end func())
	// End ends the span with the status of the answer and, for one that refuses, the reason.
	End(status int, reason string)
}

// noSpan is the span of a request that is not traced.
type noSpan struct{}

func (noSpan) TraceID() string                      { return "" }
func (noSpan) Set(string, any)                      {}
func (noSpan) Child(context.Context, string) func() { return func() {} }
func (noSpan) End(int, string)                      {}

// keySpan is where the middleware leaves the request's span for the handlers.
const keySpan = "span"

// startSpan begins the span of a request.
func (s *Service) startSpan(c *gin.Context) Span {
	if s.config.Tracer == nil {
		return noSpan{}
	}
	name := c.Request.Method
	if route := c.FullPath(); route != "" { // an unknown path would make as many names as there are paths
		name += " " + route
	}
	ctx, span := s.config.Tracer.Start(c.Request.Context(), name, c.Request.Header)
	c.Request = c.Request.WithContext(ctx)
	c.Set(keySpan, span)
	span.Set("http.request.method", c.Request.Method)
	span.Set("http.route", c.FullPath())
	span.Set("url.path", c.Request.URL.Path)
	return span
}

// spanOf is the span of a handler's request.
func (s *Service) spanOf(c *gin.Context) Span {
	if s.config.Tracer != nil {
		if span, ok := c.MustGet(keySpan).(Span); ok {
			return span
		}
	}
	return noSpan{}
}

// scoreTraced evaluates within a span of its own: of a request's time it is the model's share.
func scoreTraced(ctx context.Context, sc *scorer, span Span) error {
	span.Set("model.rows", sc.table.rows)
	end := span.Child(ctx, "evaluate")
	defer end()
	return sc.score()
}
