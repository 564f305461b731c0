package forest_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"reflect"
	"testing"
	"testing/iotest"

	"mlopsgo/pipeline/forest"
)

// kinds of forests whose nodes are saved in different ways.
var kinds = map[string]func(*forest.Params){
	"plain":      nil,
	"all rows":   func(p *forest.Params) { p.Bootstrap = false },
	"best first": func(p *forest.Params) { p.MaxLeafNodes = 9 },
	"weighted":   func(p *forest.Params) { p.Bootstrap, p.ClassWeightRule = false, forest.ClassWeightBalanced },
	"entropy":    func(p *forest.Params) { p.Criterion = forest.Entropy },
	"pruned":     func(p *forest.Params) { p.CcpAlpha = 0.01 },
	"given":      func(p *forest.Params) { p.ClassWeights, p.Bootstrap = map[int]float64{3: 0.1, 4: 7.7}, false },
}

func TestSaveAndLoad(t *testing.T) {
	x, y := sample(150, 4, 3)
	for name, change := range kinds {
		t.Run(name, func(t *testing.T) {
			f := fit(t, x, y, change)
			saved := save(t, f)
			g, err := forest.Load(iotest.OneByteReader(bytes.NewReader(saved)))
			if err != nil {
				t.Fatal(err)
			}
			equalForests(t, f, g)
			if !reflect.DeepEqual(f.Params(), g.Params()) || !reflect.DeepEqual(f.TreeSeeds(), g.TreeSeeds()) {
				t.Errorf("parameters %+v became %+v", f.Params(), g.Params())
			}
			want, _ := f.PredictProba(t.Context(), x)
			got, err := g.PredictProba(t.Context(), x)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("predictions differ (%v)", err)
			}
			if err := g.Grow(t.Context(), 100); err == nil {
				t.Error("a loaded forest grew without data")
			}
			if again := save(t, g); !bytes.Equal(saved, again) {
				t.Error("saving again gives other bytes")
			}
		})
	}
}

func TestSavedFormIsCompact(t *testing.T) {
	x, y := sample(1000, 4, 6)
	f := fit(t, x, y, nil)
	nodes := 0
	for _, tree := range f.Trees() {
		nodes += tree.Nodes()
	}
	if size := len(save(t, f)); size > 20*nodes {
		t.Errorf("%d bytes for %d nodes", size, nodes)
	}
}

func TestLoadRefusesDamage(t *testing.T) {
	x, y := sample(40, 2, 2)
	saved := save(t, fit(t, x, y, func(p *forest.Params) { p.NEstimators = 2 }))
	for n := range saved {
		if _, err := forest.Load(bytes.NewReader(saved[:n])); !errors.Is(err, forest.ErrFormat) {
			t.Fatalf("cut at %d of %d: %v, want ErrFormat", n, len(saved), err)
		}
		broken := bytes.Clone(saved)
		broken[n] ^= 0x10
		if _, err := forest.Load(bytes.NewReader(broken)); !errors.Is(err, forest.ErrFormat) {
			t.Fatalf("bit flipped at %d of %d: %v, want ErrFormat", n, len(saved), err)
		}
	}
	if _, err := forest.Load(iotest.ErrReader(io.ErrClosedPipe)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a broken reader: %v", err)
	}
}

func TestSaveReportsTheWriter(t *testing.T) {
	x, y := sample(40, 2, 2)
	f := fit(t, x, y, nil)
	if err := f.Save(failingWriter{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("%v, want io.ErrShortWrite", err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func save(tb testing.TB, f *forest.Classifier) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := f.Save(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// FuzzLoad mends the checksum, so that the fuzzer gets behind it. What loads must work.
func FuzzLoad(f *testing.F) {
	x, y := sample(30, 2, 3)
	for _, change := range kinds {
		f.Add(save(f, fit(f, x, y, func(p *forest.Params) {
			if change != nil {
				change(p)
			}
			p.NEstimators = 2
		})))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) >= 4 {
			body := data[:len(data)-4]
			data = binary.LittleEndian.AppendUint32(bytes.Clone(body), crc32.ChecksumIEEE(body))
		}
		c, err := forest.Load(bytes.NewReader(data))
		if err != nil {
			return
		}
		if c.Features() > 1000 {
			return
		}
		query := forest.Matrix{Data: make([]float64, 9*c.Features()), Rows: 9, Cols: c.Features()}
		p, err := c.PredictProba(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range p.Data {
			if math.IsNaN(v) || v < 0 {
				t.Fatalf("probability %v", v)
			}
		}
		c.FeatureImportances()
		if _, err := forest.Load(bytes.NewReader(save(t, c))); err != nil {
			t.Fatalf("saved again it does not load: %v", err)
		}
	})
}
