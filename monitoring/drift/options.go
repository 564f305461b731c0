package drift

import (
	"errors"
	"fmt"
	"slices"
)

const defaultDriftShare = 0.5

// Options change what [Detect] does. The zero value is Evidently's default. Of several settings for a column, the one for its name wins
// over the one for its kind, and that over the one for all.
type Options struct {
	// DriftShare is the share of drifted columns, in (0, 1], from which the table has drifted; 0 means 0.5.
	DriftShare float64

	// Methods; "" means the default for the column. A method that does not fit the kind of its column is an error.
	Method            Method
	NumericalMethod   Method
	CategoricalMethod Method
	ColumnMethods     map[string]Method

	// Thresholds; 0 means the default of the method.
	Threshold            float64
	NumericalThreshold   float64
	CategoricalThreshold float64
	ColumnThresholds     map[string]float64
}

// method is the method asked for, or "".
func (o *Options) method(name string, kind Kind) Method {
	ofKind := o.CategoricalMethod
	if kind == Numerical {
		ofKind = o.NumericalMethod
	}
	return firstSet(o.ColumnMethods[name], ofKind, o.Method)
}

// threshold is the threshold asked for, or that of the method.
func (o *Options) threshold(name string, kind Kind, method Method) float64 {
	ofKind := o.CategoricalThreshold
	if kind == Numerical {
		ofKind = o.NumericalThreshold
	}
	return firstSet(o.ColumnThresholds[name], ofKind, o.Threshold, method.Threshold())
}

func firstSet[T comparable](values ...T) T {
	var unset T
	for _, v := range values {
		if v != unset {
			return v
		}
	}
	return unset
}

// validate refuses what would silently mean something else: unknown methods and columns, thresholds that are negative or NaN.
func (o *Options) validate(columns []Column) error {
	var errs []error
	if share := o.DriftShare; !(share >= 0 && share <= 1) {
		errs = append(errs, fmt.Errorf("%w: DriftShare %v is not in (0, 1]", ErrOptions, share))
	}
	named := func(name string) bool {
		return slices.ContainsFunc(columns, func(c Column) bool { return c.Name == name })
	}
	methods := []Method{o.Method, o.NumericalMethod, o.CategoricalMethod}
	for name, method := range o.ColumnMethods {
		methods = append(methods, method)
		if !named(name) {
			errs = append(errs, fmt.Errorf("%w: ColumnMethods names %q, which is no column", ErrOptions, name))
		}
	}
	for _, method := range methods {
		if _, err := method.traits(); method != "" && err != nil {
			errs = append(errs, err)
		}
	}
	thresholds := []float64{o.Threshold, o.NumericalThreshold, o.CategoricalThreshold}
	for name, threshold := range o.ColumnThresholds {
		thresholds = append(thresholds, threshold)
		if !named(name) {
			errs = append(errs, fmt.Errorf("%w: ColumnThresholds names %q, which is no column", ErrOptions, name))
		}
	}
	for _, threshold := range thresholds {
		if !(threshold >= 0) {
			errs = append(errs, fmt.Errorf("%w: threshold %v is not a number above 0", ErrOptions, threshold))
		}
	}
	return errors.Join(errs...)
}
