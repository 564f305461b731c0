package sklearn

// scaler computes what StandardScaler and MinMaxScaler do, one operation on a whole row after the other: (x - minus) / by, or x * times +
// plus, then within lowest and highest. Of float32 each result is rounded, because numpy does it in place; StandardScaler rounds its own
// numbers as well before.
type scaler struct {
	roundsOwn              bool
	minus, by, times, plus []float64
	clip                   bool
	lowest, highest        float64
}

func newStandardScaler(f *fields, n int) transform {
	s := &scaler{roundsOwn: true}
	if f.truth("with_mean") {
		s.minus = f.floats("mean_", n)
	}
	if f.truth("with_std") {
		s.by = f.floats("scale_", n)
	}
	for _, v := range s.by {
		if v == 0 {
			f.refuse("scale_", "it holds 0")
		}
	}
	return s
}

func newMinMaxScaler(f *fields, n int) transform {
	s := &scaler{times: f.floats("scale_", n), plus: f.floats("min_", n)}
	if s.clip = f.truth("clip"); s.clip {
		s.lowest, s.highest = f.bounds("feature_range")
	}
	return s
}

// apply writes the scaled rows over x.
func (s *scaler) apply(x []float64, single bool) {
	each := func(values []float64, op func(x, v float64) float64) {
		j := 0
		for i := range x {
			v := values[j]
			if single && s.roundsOwn {
				v = float64(float32(v))
			}
			if x[i] = op(x[i], v); single {
				x[i] = float64(float32(x[i]))
			}
			if j++; j == len(values) {
				j = 0
			}
		}
	}
	if s.minus != nil {
		each(s.minus, func(x, v float64) float64 { return x - v })
	}
	if s.by != nil {
		each(s.by, func(x, v float64) float64 { return x / v })
	}
	if s.times != nil {
		each(s.times, func(x, v float64) float64 { return x * v })
		each(s.plus, func(x, v float64) float64 { return x + v })
	}
	if s.clip {
		for i, v := range x {
			if v < s.lowest {
				x[i] = s.lowest
			} else if v > s.highest {
				x[i] = s.highest
			}
		}
	}
}
