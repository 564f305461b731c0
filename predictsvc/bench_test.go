package predictsvc

import (
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"mlopsgo/internal/onnx"
)

// bigForest has as many trees as the original's, each of depth 10.
func bigForest(trees int) *onnx.Forest {
	random := rand.New(rand.NewPCG(1, 2))
	forest := tinyForest(5, 6)
	forest.Trees = nil
	const inner, nodes = 1<<10 - 1, 1<<11 - 1
	for range trees {
		var tree onnx.Tree
		for i := range nodes {
			left, right, feature, threshold := -1, -1, -2, -2.0
			if i < inner {
				left, right, feature, threshold = 2*i+1, 2*i+2, random.IntN(4), math.Round(random.NormFloat64()*100)/100 // as measured values are: few different ones
			}
			p := float64(random.IntN(11)) / 10
			tree.Left, tree.Right = append(tree.Left, left), append(tree.Right, right)
			tree.Feature, tree.Threshold = append(tree.Feature, feature), append(tree.Threshold, threshold)
			tree.Values = append(tree.Values, p, 1-p)
		}
		forest.Trees = append(forest.Trees, tree)
	}
	return forest
}

// BenchmarkPredict is a request through the handler in the process, beside a Gin handler that only decodes and encodes the same JSON.
func BenchmarkPredict(b *testing.B) {
	b.Run("tiny forest", func(b *testing.B) { benchmarkRequests(b, inProcess(b, tinyForest(5, 6), nil).Handler()) })
	b.Run("500 trees", func(b *testing.B) { benchmarkRequests(b, inProcess(b, bigForest(500), nil).Handler()) })
	b.Run("empty gin handler", func(b *testing.B) {
		engine := gin.New()
		engine.POST("/predict", func(c *gin.Context) {
			var body map[string]float64
			if err := c.ShouldBindJSON(&body); err != nil {
				b.Error(err)
			}
			c.JSON(http.StatusOK, map[string]any{"quality": int(body["alcohol"]), "model": "sk-rfc-model"})
		})
		benchmarkRequests(b, engine)
	})
}

func BenchmarkDecode(b *testing.B) {
	s := inProcess(b, tinyForest(5, 6), nil)
	m := s.follower.current.Load()
	var t table
	body := []byte(wine)
	b.ReportAllocs()
	for b.Loop() {
		if err := m.columns.decode(&t, body, 1); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkScore is decoding, evaluation and encoding: what is the service's own in a request.
func BenchmarkScore(b *testing.B) {
	s := inProcess(b, bigForest(500), nil)
	sc := s.follower.current.Load().scorer()
	body := []byte(wine)
	b.ReportAllocs()
	for b.Loop() {
		if err := sc.model.columns.decode(&sc.table, body, 1); err != nil {
			b.Fatal(err)
		}
		if err := sc.score(); err != nil {
			b.Fatal(err)
		}
		sc.write()
	}
}

func benchmarkRequests(b *testing.B, handler http.Handler) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer() // of what made the handler
	b.RunParallel(func(pb *testing.PB) {
		body := strings.NewReader(wine)
		request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "/predict", http.NoBody)
		if err != nil {
			b.Error(err)
			return
		}
		request.Header.Set("Content-Type", "application/json")
		request.Body, request.ContentLength = io.NopCloser(body), int64(len(wine))
		w := &discard{header: http.Header{}}
		for pb.Next() {
			body.Reset(wine)
			clear(w.header)
			handler.ServeHTTP(w, request)
			if w.status != http.StatusOK {
				b.Errorf("status %d", w.status)
				return
			}
		}
	})
}

// discard is a ResponseWriter that keeps the status only.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
