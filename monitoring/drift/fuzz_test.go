package drift_test

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"mlopsgo/monitoring/drift"
)

var everyMethod = []drift.Method{
	"", drift.MethodKS, drift.MethodWasserstein, drift.MethodChiSquare, drift.MethodZ, drift.MethodJensenShannon, drift.MethodPSI, drift.MethodKL,
}

// FuzzDetect feeds any bits as numbers and any text as categories: a column is refused with a reason, or its score is a number in the
// range of its method.
func FuzzDetect(f *testing.F) {
	bits := func(values ...float64) (raw []byte) {
		for _, v := range values {
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
		}
		return raw
	}
	f.Add(bits(1, 2, 3, 4, 5, 6, 7), bits(3, 4, 5), uint8(1), false)
	f.Add(bits(1, math.NaN(), math.Inf(1)), bits(math.Copysign(0, -1), 5e-324), uint8(0), false)
	f.Add(bits(math.MaxFloat64, -math.MaxFloat64), bits(1), uint8(3), true)
	f.Add([]byte("red,red,white,"), []byte("red,rosé,red,red"), uint8(2), false)
	f.Fuzz(func(t *testing.T, reference, current []byte, how uint8, repeat bool) {
		if len(reference)+len(current) > 1<<12 {
			return
		}
		c := drift.Column{Name: "x", Kind: drift.Kind(how % 3)}
		if how >= 128 {
			c.Reference, c.Current = words(reference), words(current)
		} else {
			c.Reference, c.Current = floats(reference, repeat), floats(current, false)
		}
		for _, method := range everyMethod {
			report, err := drift.Detect([]drift.Column{c}, drift.Options{Method: method})
			if err != nil {
				checkReason(t, err)
				continue
			}
			got := report.Columns[0]
			isP := got.Method.Threshold() == 0.05
			if !(got.Score >= -1e-12) || isP && got.Score > 1 || math.IsInf(got.Score, 0) {
				t.Fatalf("%s of %v against %v: %v", got.Method, c.Reference, c.Current, got.Score)
			}
		}
	})
}

func checkReason(t *testing.T, err error) {
	t.Helper()
	for _, reason := range []error{drift.ErrEmpty, drift.ErrKind, drift.ErrRange, drift.ErrText} {
		if errors.Is(err, reason) {
			return
		}
	}
	t.Fatalf("an error without a reason: %v", err)
}

func words(raw []byte) drift.Strings { return strings.Split(string(raw), ",") }

// floats reads numbers; repeated they are long enough for the methods of large references.
func floats(raw []byte, repeat bool) drift.Floats {
	var x drift.Floats
	for ; len(raw) >= 8; raw = raw[8:] {
		x = append(x, math.Float64frombits(binary.LittleEndian.Uint64(raw)))
	}
	if repeat && len(x) > 0 {
		for len(x) <= 1000 {
			x = append(x, x...)
		}
	}
	return x
}
