package pipeline

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParamsAreReadAsTheyAreWritten(t *testing.T) {
	given := map[string]string{
		"n_estimators": "30", "criterion": "entropy", "max_depth": "7", "min_samples_split": "0.1", "min_samples_leaf": "3",
		"min_weight_fraction_leaf": "0.01", "max_features": "log2", "max_leaf_nodes": "20", "min_impurity_decrease": "0.001", "bootstrap": "True",
		"oob_score": "True", "random_state": "7", "class_weight": "balanced", "ccp_alpha": "0.0", "max_samples": "0.5",
	}
	p, err := ParseParams(given)
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]string{}
	for _, one := range AllNamed(p) {
		written[one[0]] = one[1]
	}
	if diff := cmp.Diff(given, written); diff != "" {
		t.Errorf("(-given +written):\n%s", diff)
	}
}

func TestUnnamedParamsAreScikitLearnsDefaults(t *testing.T) {
	p, err := ParseParams(nil)
	if err != nil {
		t.Fatal(err)
	}
	got := maps.Collect(func(yield func(string, string) bool) {
		for _, one := range AllNamed(p) {
			if !yield(one[0], one[1]) {
				return
			}
		}
	})
	want := map[string]string{
		"n_estimators": "100", "criterion": "gini", "max_depth": "None", "min_samples_split": "2", "min_samples_leaf": "1",
		"min_weight_fraction_leaf": "0.0", "max_features": "sqrt", "max_leaf_nodes": "None", "min_impurity_decrease": "0.0", "bootstrap": "True",
		"oob_score": "False", "random_state": "0", "class_weight": "None", "ccp_alpha": "0.0", "max_samples": "None",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-scikit-learn +ours):\n%s", diff)
	}
}

func TestBadParamsAreNamed(t *testing.T) {
	for given, want := range map[string]string{
		"trees=5":                "is not one of RandomForestClassifier's",
		"n_estimators=many":      "n_estimators=many: not a whole number",
		"n_estimators=0":         "n_estimators is 0",
		"max_depth=0":            "must be None or at least 1",
		"max_depth=deep":         "neither None nor a whole number",
		"bootstrap=yes":          "neither True nor False",
		"min_samples_leaf=x":     "not a number",
		"min_samples_leaf=0.0":   "a fraction of 0",
		"random_state=None":      "not a whole number from 0",
		"criterion=squared":      "criterion",
		"max_features=7.5":       "max_features",
		"class_weight=heavy":     "class_weight",
		"max_samples=-3":         "max_samples",
		"ccp_alpha=-1":           "ccp_alpha",
		"max_leaf_nodes=1":       "max_leaf_nodes",
		"min_samples_split=1":    "min_samples_split",
		"min_samples_split=NaN":  "min_samples_split",
		"n_jobs=-7":              "n_jobs",
		"min_impurity_decrease=": "not a number",
	} {
		name, value, _ := strings.Cut(given, "=")
		_, err := ParseParams(map[string]string{name: value})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error that says %q", given, err, want)
		}
	}
}
