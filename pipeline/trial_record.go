package pipeline

import (
	"encoding/json"
	"fmt"
	"strconv"

	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline/forest"
	"mlopsgo/pipeline/score"
)

// Tags of a study's runs. Together they are its state: a study is taken up again from them and the runs' figures alone.
const (
	tagSpec      = "study.spec"             // on the study: what it is, see StudySpec
	tagOwner     = "study.owner"            // on the study: the process that carries it on
	tagTrial     = "study.trial"            // the trial's number
	tagPlace     = "study.place"            // its place in the space, where that is not its number
	tagTold      = "study.told"             // the trials whose results were known when it was proposed
	tagProposal  = "study.proposal"         // what was proposed
	tagAttempt   = "study.attempt"          // the flow run that may write the figures, counted from 1
	tagConfusion = "study.confusion_matrix" // of the test part, as JSON
	tagDeepest   = "study.deepest_tree"     // depth of the forest's deepest tree
	tagStopped   = "study.stopped_early"    // True where a halving stopped the trial
	tagDropped   = "study.dropped"          // why the trial has no result
)

// tagLimit is how long a tag's value may be on every server.
const tagLimit = 5000

// treesParam is the hyper-parameter that some trials settle at their end only.
const treesParam = "n_estimators"

// tags describe a trial when it begins.
func (a *assignment) tags() map[string]string {
	tags := map[string]string{"model": modelTag, tagTrial: strconv.Itoa(a.number), tagProposal: namedText(a.params)}
	if a.place != a.number {
		tags[tagPlace] = strconv.Itoa(a.place)
	}
	if told := a.told.String(); told != "" {
		tags[tagTold] = told
	}
	if a.attempt > 0 {
		tags[tagAttempt] = strconv.Itoa(a.attempt)
	}
	return tags
}

// named divides the hyper-parameters into those that hold from the beginning and the names of those that are known at the end.
func (a *assignment) named() (known map[string]string, late []string) {
	known = namedMap(a.params)
	if len(a.sizes) > 0 || len(a.limits) > 0 {
		delete(known, treesParam)
		late = []string{treesParam}
	}
	return known, late
}

func namedMap(p forest.Params) map[string]string {
	params := map[string]string{}
	for _, one := range Named(p) {
		params[one[0]] = one[1]
	}
	return params
}

// batch is everything that is logged when the trial is finished.
func (t Trial) batch(classes Classes, late []string) mlflowclient.Batch {
	batch := mlflowclient.Batch{Metrics: append(t.metrics(), t.classMetrics(classes)...), Params: map[string]string{}, Tags: map[string]string{}}
	named := namedMap(t.Params)
	for _, name := range late {
		batch.Params[name] = named[name]
	}
	if text, err := json.Marshal(confusionRecord{t.Report.Classes, t.Report.Confusion}); err == nil && len(text) <= tagLimit {
		batch.Tags[tagConfusion] = string(text)
	}
	batch.Tags[tagDeepest] = strconv.Itoa(t.deepest)
	if t.Stopped {
		batch.Tags[tagStopped] = "True"
	}
	return batch
}

// confusionRecord is the value of tagConfusion. With it a trial's report is restored whole.
type confusionRecord struct {
	Classes []int   `json:"classes"`
	Counts  [][]int `json:"counts"`
}

// metrics are the figures of a trial under scikit-learn's names, and the accuracy by the number of trees.
func (t Trial) metrics() []mlflowclient.Metric {
	metrics := []mlflowclient.Metric{
		{Key: "accuracy", Value: t.Report.Accuracy},
		{Key: "precision_macro", Value: t.Report.Macro.Precision},
		{Key: "recall_macro", Value: t.Report.Macro.Recall},
		{Key: "f1_macro", Value: t.Report.Macro.F1},
		{Key: "fit_time", Value: t.FitTime.Seconds()},
		{Key: "score_time", Value: t.ScoreTime.Seconds()},
	}
	for _, point := range t.Curve {
		metrics = append(metrics, mlflowclient.Metric{Key: curveMetric, Value: point.Accuracy, Step: int64(point.Trees)})
	}
	for i := range metrics {
		metrics[i].Timestamp = t.ended
	}
	return metrics
}

// curveMetric has the number of trees as its step.
const curveMetric = "accuracy_by_n_estimators"

// shownClasses is up to how many classes each has figures of its own: beyond, nobody looks at them, and they would fill the page.
const shownClasses = 20

// classMetrics are the figures of each class, a section for each in MLflow's user interface.
func (t Trial) classMetrics(classes Classes) []mlflowclient.Metric {
	if len(t.Report.Classes) > shownClasses {
		return nil
	}
	var metrics []mlflowclient.Metric
	for i, class := range t.Report.Classes {
		section, figures := "class/"+metricName(classes.Text(class))+"/", t.Report.PerClass[i]
		metrics = append(
			metrics,
			mlflowclient.Metric{Key: section + "precision", Value: figures.Precision, Timestamp: t.ended},
			mlflowclient.Metric{Key: section + "recall", Value: figures.Recall, Timestamp: t.ended},
			mlflowclient.Metric{Key: section + "f1", Value: figures.F1, Timestamp: t.ended},
		)
	}
	return metrics
}

// restoreReport reads a finished trial's report.
func restoreReport(run *mlflowclient.Run) (*score.Report, error) {
	text, ok := run.Tags[tagConfusion]
	if !ok { // too many classes for a tag
		value := func(name string) float64 { return run.Metrics[name].Value }
		return &score.Report{
			Accuracy: value("accuracy"), Macro: score.ClassReport{Precision: value("precision_macro"), Recall: value("recall_macro"), F1: value("f1_macro")},
		}, nil
	}
	var record confusionRecord
	if err := json.Unmarshal([]byte(text), &record); err != nil {
		return nil, fmt.Errorf("tag %s: %w", tagConfusion, err)
	}
	report, err := score.FromConfusion(record.Classes, record.Counts)
	if err != nil {
		return nil, fmt.Errorf("tag %s: %w", tagConfusion, err)
	}
	return report, nil
}
