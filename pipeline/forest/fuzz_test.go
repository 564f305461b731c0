package forest

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

// FuzzFit gives arbitrary small data and parameters to all splitters: they must agree, whatever it is.
func FuzzFit(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		seed := make([]byte, 20+r.IntN(400))
		for i := range seed {
			seed[i] = byte(r.Uint32())
		}
		f.Add(seed, r.Uint64())
	}
	f.Fuzz(func(t *testing.T, data []byte, choices uint64) {
		pick := func(n uint64) int {
			v := choices % n
			choices /= n
			return int(v)
		}
		p := DefaultParams()
		p.NEstimators = 2
		p.Bootstrap = pick(2) == 0
		p.MinSamplesLeaf, p.MinSamplesSplit = 1+pick(4), 2+pick(9)
		p.MaxFeatures = []MaxFeatures{MaxFeaturesSqrt, MaxFeaturesAll, "2"}[pick(3)]
		p.MaxDepth, p.MaxLeafNodes = pick(12), []int{0, 0, 5, 40}[pick(4)]
		p.MinWeightFractionLeaf = []float64{0, 0.05}[pick(2)]
		p.MinImpurityDecrease, p.CcpAlpha = []float64{0, 0.01}[pick(2)], []float64{0, 0.005}[pick(2)]
		cols, wide := 1+pick(4), pick(2) == 0
		p.RandomState = uint32(choices)
		x, y := matrixOf(data, cols, wide)
		if x.Rows == 0 || x.checkFinite() != nil {
			return
		}
		growAll(t, x, y, p)
	})
}

// matrixOf reads values of one byte, which makes many ties, or of four, which makes any float32.
func matrixOf(data []byte, cols int, wide bool) (x Matrix, y []int) {
	width := 1
	if wide {
		width = 4
	}
	rows := len(data) / (cols*width + 1)
	x = Matrix{Rows: rows, Cols: cols, Data: make([]float64, 0, rows*cols)}
	for range rows {
		y = append(y, int(data[0]%5))
		data = data[1:]
		for range cols {
			if wide {
				x.Data = append(x.Data, float64(math.Float32frombits(binary.LittleEndian.Uint32(data))))
			} else {
				x.Data = append(x.Data, float64(int8(data[0]))*6e-8)
			}
			data = data[width:]
		}
	}
	return x, y
}
