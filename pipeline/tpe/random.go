package tpe

import "math"

// random draws one value as Optuna's RandomSampler does: uniformly over the range widened by half a step on both sides,
// on the logarithmic scale if d asks for it, then back onto the grid.
func (g *mt19937) random(d *dist) float64 {
	switch {
	case d.kind == kindCategorical:
		best, bestU := 0, -1.0
		for i := range d.choices { // the first largest of one draw per choice
			if u := g.uniform(0, 1); u > bestU {
				best, bestU = i, u
			}
		}
		return float64(best)
	case d.kind == kindInt && d.log:
		x := exp(g.uniform(log(d.low-0.5), log(d.high+0.5)))
		return clip(math.RoundToEven(x), d.low, d.high)
	case d.kind == kindInt:
		x := g.uniform(d.low-0.5*d.step, d.high+0.5*d.step)
		return clip(math.Floor((x-d.low)/d.step+0.5)*d.step+d.low, d.low, d.high)
	case d.log:
		return clip(exp(g.uniform(log(d.low), log(d.high))), d.low, below(d.high))
	case d.step != 0:
		x := g.uniform(d.low-0.5*d.step, d.high+0.5*d.step)
		return clip(float64(math.RoundToEven((x-d.low)/d.step)*d.step)+d.low, d.low, d.high)
	default:
		return min(g.uniform(d.low, d.high), below(d.high))
	}
}

// below is the next number under high, unless high is so large that high-1 rounds to it.
func below(high float64) float64 {
	return math.Nextafter(high, high-1)
}

func clip(x, low, high float64) float64 {
	return min(max(x, low), high)
}
