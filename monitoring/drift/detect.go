package drift

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
)

// Report is the verdict on a table.
type Report struct {
	Columns      []ColumnDrift // in the order given
	Drifted      int           // columns that have drifted
	Share        float64       // Drifted as a share of all columns
	DriftShare   float64       // the share from which the table has drifted
	DatasetDrift bool          // Share ≥ DriftShare
}

// ColumnDrift is the verdict on a column.
type ColumnDrift struct {
	Name          string
	Kind          Kind // Numerical or Categorical
	Method        Method
	Score         float64 // a p-value or a distance, as Method says
	Threshold     float64
	Drifted       bool
	ReferenceRows int // rows without a missing value
	CurrentRows   int
}

// Detect compares the two sides of every column. Columns are worked on in parallel; they are not changed.
//
// The error is [ErrOptions] for options that make no sense, for no columns and for names that are empty or used twice; otherwise it joins a
// [ColumnError] for every column that cannot be compared. Then there is no report: as in Evidently, a column that silently left the table
// would change the share.
func Detect(columns []Column, options Options) (*Report, error) {
	if err := errors.Join(checkNames(columns), options.validate(columns)); err != nil {
		return nil, err
	}
	report := &Report{Columns: make([]ColumnDrift, len(columns)), DriftShare: firstSet(options.DriftShare, defaultDriftShare)}
	errs := make([]error, len(columns))
	inParallel(len(columns), func(i int) {
		var err error
		if report.Columns[i], err = detectColumn(columns[i], &options); err != nil {
			errs[i] = &ColumnError{Column: columns[i].Name, Err: err}
		}
	})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, c := range report.Columns {
		if c.Drifted {
			report.Drifted++
		}
	}
	report.Share = float64(report.Drifted) / float64(len(columns))
	report.DatasetDrift = report.Share >= report.DriftShare
	return report, nil
}

func checkNames(columns []Column) error {
	if len(columns) == 0 {
		return fmt.Errorf("%w: no columns to compare", ErrOptions)
	}
	seen := map[string]bool{}
	for _, c := range columns {
		if c.Name == "" || seen[c.Name] {
			return fmt.Errorf("%w: column name %q is empty or used twice", ErrOptions, c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

// inParallel calls work(0) … work(n-1), as many at a time as there are processors.
func inParallel(n int, work func(i int)) {
	var wg sync.WaitGroup
	running := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range n {
		running <- struct{}{}
		wg.Go(func() {
			work(i)
			<-running
		})
	}
	wg.Wait()
}

func detectColumn(c Column, options *Options) (ColumnDrift, error) {
	s, err := prepare(c)
	if err != nil {
		return ColumnDrift{}, err
	}
	method := options.method(c.Name, s.kind)
	if method == "" {
		method = defaultMethod(s.kind, s.referenceRows, s.distinct(fewValues))
	} else if err := fits(method, s.kind); err != nil {
		return ColumnDrift{}, err
	}
	score, err := s.score(method)
	if err != nil {
		return ColumnDrift{}, err
	}
	threshold := options.threshold(c.Name, s.kind, method)
	return ColumnDrift{
		Name: c.Name, Kind: s.kind, Method: method, Score: score, Threshold: threshold,
		Drifted: method.Drifted(score, threshold), ReferenceRows: s.referenceRows, CurrentRows: s.currentRows,
	}, nil
}

// prepare resolves the kind of a column and cleans it.
func prepare(c Column) (*sides, error) {
	kind := c.Kind
	switch kind {
	case Numerical, Categorical:
	case Auto:
		var err error
		if kind, err = InferKind(c.Current); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("%w: there is no %v", ErrKind, kind)
	}
	return clean(c, kind)
}

// fits refuses a method asked for on a kind that Evidently does not allow; its own choice may be a test for categories on a numerical column.
func fits(method Method, kind Kind) error {
	t, err := method.traits()
	if err == nil && !slices.Contains(t.kinds, kind) {
		err = fmt.Errorf("%w: %s is not for %q columns", ErrKind, t.displayName, kind)
	}
	return err
}

func (s *sides) score(method Method) (float64, error) {
	switch method {
	case MethodKS:
		_, p := kolmogorovSmirnov(s.reference, s.current)
		return p, nil
	case MethodWasserstein:
		return normedWasserstein(s.reference, s.current)
	case MethodChiSquare:
		c := s.counts()
		return ChiSquare(c.reference, c.current)
	case MethodZ:
		return zTest(s.counts())
	default:
		return s.divergence(method)
	}
}

func (s *sides) divergence(method Method) (float64, error) {
	reference, current, err := s.shares()
	if err != nil {
		return 0, err
	}
	switch method {
	case MethodPSI:
		return PSI(reference, current)
	case MethodKL:
		return KullbackLeibler(reference, current)
	default:
		return JensenShannon(reference, current)
	}
}
