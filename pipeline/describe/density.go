package describe

import (
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Curve is a density at places X, which are evenly spaced.
type Curve struct{ X, Y []float64 }

// Density estimates a column's density with Gaussian kernels of Scott's width, n^(-1/5) standard deviations, at so many places between
// three widths below the least and three above the greatest value: what seaborn's kdeplot draws (D. W. Scott, "Multivariate Density
// Estimation", 1992). The area below the curve is weight; 1 for a column by itself, its class's share for one of several.
//
// At least two different values are needed, and two places.
func Density(values []float64, places int, weight float64) (Curve, error) {
	if len(values) < 2 || places < 2 {
		return Curve{}, errors.New("describe: a density needs two values and two places")
	}
	width := stat.StdDev(values, nil) * math.Pow(float64(len(values)), -0.2)
	if width == 0 {
		return Curve{}, errors.New("describe: all values are equal, which has no density")
	}
	low, high := slices.Min(values)-3*width, slices.Max(values)+3*width
	curve := Curve{X: make([]float64, places), Y: make([]float64, places)}
	norm := weight / (float64(len(values)) * width * math.Sqrt(2*math.Pi))
	for i := range places {
		x := low + (high-low)*float64(i)/float64(places-1)
		var sum float64
		for _, v := range values {
			d := (x - v) / width
			sum += math.Exp(-d * d / 2)
		}
		curve.X[i], curve.Y[i] = x, norm*sum
	}
	return curve, nil
}
