package onnx

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSkl2onnxExports evaluates what skl2onnx itself makes of a pipeline and compares with onnxruntime, in every bit:
// float32 models (Scaler), float64 ones (Sub, Div), with ZipMap and without.
func TestSkl2onnxExports(t *testing.T) {
	names := []string{"skl_f32", "skl_f64", "skl_f32_map", "skl_f64_map"}
	forests := trainSklearn(t, "convert", "40-int-scaled", "40-string-scaled", "40-two-scaled")
	args := []string{"run"}
	for _, s := range forests {
		for _, name := range names {
			args = append(args, filepath.Join(s.dir, name+".onnx"))
		}
	}
	python(t, "forest.py", args...)
	for _, s := range forests {
		for _, name := range names {
			t.Run(s.name+" "+name, func(t *testing.T) { sklCase(t, s, name) })
		}
	}
}

func sklCase(t *testing.T, s *sklearn, name string) {
	data, err := os.ReadFile(filepath.Join(s.dir, name+".onnx"))
	if err != nil {
		t.Fatal(err)
	}
	session := load(t, data)
	x := NewDoubles(s.rows, int64(len(s.rows)/4), 4)
	if session.Inputs()[0].Type == Float {
		x = NewFloats(nil, x.Dims...)
		for _, v := range s.rows {
			x.F32 = append(x.F32, float32(v))
		}
	}
	out, err := session.NewRunner().Run(x)
	if err != nil {
		t.Fatal(err)
	}
	want := s.outputLabels(t, name+"_0")
	for i := range s.labels {
		if got := out[0].label(i); got != want.label(i) {
			t.Fatalf("row %d: label %s, onnxruntime says %s", i, got, want.label(i))
		}
	}
	for i, want := range s.floats(t, name+"_1") {
		if out[1].F32[i] != want {
			t.Fatalf("score %d: %v, onnxruntime says %v", i, out[1].F32[i], want)
		}
	}
	if zipped := session.Outputs()[1].Map; zipped != (out[1].MapKeys != nil) {
		t.Fatalf("map %v, keys %v", zipped, out[1].MapKeys)
	}
}
