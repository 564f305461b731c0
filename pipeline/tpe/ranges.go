package tpe

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
)

// maxInt bounds integers, and the length of their ranges, to what float64, Optuna's storage, holds exactly.
const maxInt = 1 << 53

// IntRange is an integer from Low to High, both included. Where Step does not divide the range, High is lowered to the
// last value that is reached. With Log small values are as likely as large ones on a logarithmic scale; Low must then
// be at least 1 and Step 1. Both bounds and their distance are at most 2^53.
type IntRange struct {
	Low, High int
	Step      int // 0 means 1
	Log       bool
}

func (r IntRange) resolve() (*dist, error) {
	low, high, step := int64(r.Low), int64(r.High), int64(r.Step)
	if step == 0 {
		step = 1
	}
	switch {
	case low < -maxInt || high > maxInt:
		return nil, fmt.Errorf("%w: %d..%d is not within ±2^53", ErrDistribution, low, high)
	case low > high:
		return nil, fmt.Errorf("%w: low %d is above high %d", ErrDistribution, low, high)
	case high-low > maxInt:
		return nil, fmt.Errorf("%w: %d..%d is longer than 2^53", ErrDistribution, low, high)
	case step < 0 || step > maxInt:
		return nil, fmt.Errorf("%w: step %d is not within 1..2^53", ErrDistribution, step)
	case r.Log && step != 1:
		return nil, fmt.Errorf("%w: a logarithmic range of integers has step 1, not %d", ErrDistribution, step)
	case r.Log && low < 1:
		return nil, fmt.Errorf("%w: a logarithmic range of integers starts at 1 or above, not at %d", ErrDistribution, low)
	}
	high = low + (high-low)/step*step
	return &dist{
		kind: kindInt, low: float64(low), high: float64(high), step: float64(step), log: r.Log,
		source: IntRange{Low: r.Low, High: int(high), Step: int(step), Log: r.Log},
	}, nil
}

// FloatRange is a number from Low to High, both included. With Step only Low, Low+Step, ... are proposed, and High is
// lowered to the last of them, reckoned in decimals so that 0..1 by 0.1 has eleven values. With Log small values are as
// likely as large ones on a logarithmic scale; Low must then be positive and Step 0.
type FloatRange struct {
	Low, High float64
	Step      float64 // 0 means any number
	Log       bool
}

func (r FloatRange) resolve() (*dist, error) {
	switch {
	case !finite(r.Low) || !finite(r.High) || !finite(r.High-r.Low):
		return nil, fmt.Errorf("%w: %v..%v is not a finite range", ErrDistribution, r.Low, r.High)
	case r.Low > r.High:
		return nil, fmt.Errorf("%w: low %v is above high %v", ErrDistribution, r.Low, r.High)
	case !finite(r.Step) || r.Step < 0:
		return nil, fmt.Errorf("%w: step %v is not positive", ErrDistribution, r.Step)
	case r.Log && r.Step != 0:
		return nil, fmt.Errorf("%w: a logarithmic range of floats has no step, but got %v", ErrDistribution, r.Step)
	case r.Log && r.Low <= 0:
		return nil, fmt.Errorf("%w: a logarithmic range starts above 0, not at %v", ErrDistribution, r.Low)
	}
	high := r.High
	if r.Step != 0 {
		if high = lastStep(r.Low, r.High, r.Step); !finite((high - r.Low + r.Step) / r.Step) {
			return nil, fmt.Errorf("%w: %v..%v has too many steps of %v", ErrDistribution, r.Low, r.High, r.Step)
		}
	}
	return &dist{
		low: r.Low, high: high, step: r.Step, log: r.Log,
		source: FloatRange{Low: r.Low, High: high, Step: r.Step, Log: r.Log},
	}, nil
}

// lastStep is the largest low + k*step not above high, in the exact decimals of the shortest notation.
func lastStep(low, high, step float64) float64 {
	l, h, s := decimal(low), decimal(high), decimal(step)
	steps := new(big.Rat).Sub(h, l)
	steps.Quo(steps, s)
	if steps.IsInt() {
		return high
	}
	k := new(big.Int).Quo(steps.Num(), steps.Denom())
	last := new(big.Rat).SetInt(k)
	f, _ := last.Mul(last, s).Add(last, l).Float64()
	return f
}

func decimal(x float64) *big.Rat {
	r, _ := new(big.Rat).SetString(strconv.FormatFloat(x, 'g', -1, 64))
	return r
}

func finite(x float64) bool {
	return !math.IsInf(x, 0) && !math.IsNaN(x)
}
