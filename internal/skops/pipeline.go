package skops

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// SklearnVersion is the scikit-learn whose objects the files hold.
const SklearnVersion = "1.9.1"

// TreeType is the one type in a forest that skops loads only when its caller says that it is trusted, because
// scikit-learn follows a tree's links unchecked. [Pipeline.Write] refuses trees whose links lead astray.
const TreeType = "sklearn.tree._tree.Tree"

// ErrInput is in the chain of every error for a pipeline that does not fit together.
var ErrInput = errors.New("the pipeline cannot be written")

var sklearnVersion = text(SklearnVersion)

// Pipeline is sklearn.pipeline.make_pipeline(StandardScaler(), RandomForestClassifier(…)) after fit. Its steps are named
// standardscaler and randomforestclassifier.
type Pipeline struct {
	Scaler Scaler
	Forest Forest
	// Other takes the place of Forest; its step is named after its class, in lower case. Nil keeps the forest.
	Other Classifier
}

// Scaler is a fitted sklearn.preprocessing.StandardScaler.
type Scaler struct {
	// Features are the names of the columns; nil when it was fitted on an array without names.
	Features         []string
	Mean, Var, Scale []float64
	// Rows is the number of rows it was fitted on.
	Rows int
}

// Write writes the pipeline as a skops file. It fails with [ErrInput] before it writes anything when the parts do not fit
// together; otherwise with the error of w or ctx.
func (p *Pipeline) Write(ctx context.Context, w io.Writer) error {
	if err := p.check(); err != nil {
		return fmt.Errorf("skops: %w: %w", ErrInput, err)
	}
	root := object("sklearn.pipeline", "Pipeline",
		field{"steps", list(
			tuple(text("standardscaler"), p.Scaler.node()),
			tuple(text(p.last().step()), p.last().node(len(p.Scaler.Mean))),
		)},
		field{"transform_input", none}, field{"memory", none}, field{"verbose", no},
	)
	if err := writeArchive(ctx, w, root); err != nil {
		return fmt.Errorf("skops: %w", err)
	}
	return nil
}

func (p *Pipeline) check() error {
	features := len(p.Scaler.Mean)
	switch {
	case features == 0 || len(p.Scaler.Var) != features || len(p.Scaler.Scale) != features:
		return fmt.Errorf("a scaler with %d means, %d variances and %d scales", features, len(p.Scaler.Var), len(p.Scaler.Scale))
	case p.Scaler.Features != nil && len(p.Scaler.Features) != features:
		return fmt.Errorf("%d names for %d features", len(p.Scaler.Features), features)
	case p.Scaler.Rows < 1:
		return errors.New("a scaler fitted on no rows")
	}
	return p.last().check(features)
}

// last is the classifier.
func (p *Pipeline) last() Classifier {
	if p.Other != nil {
		return p.Other
	}
	return &p.Forest
}

func (s *Scaler) node() *Node {
	fields := []field{{"with_mean", yes}, {"with_std", yes}, {"copy", yes}}
	if s.Features != nil {
		fields = append(fields, field{"feature_names_in_", objects(s.Features)})
	}
	return object("sklearn.preprocessing._data", "StandardScaler", append(fields,
		field{"n_features_in_", integer(len(s.Mean))},
		field{"n_samples_seen_", scalar("float64", single(float64s([]float64{float64(s.Rows)})))},
		field{"mean_", array(float64s(s.Mean))},
		field{"var_", array(float64s(s.Var))},
		field{"scale_", array(float64s(s.Scale))},
	)...)
}
