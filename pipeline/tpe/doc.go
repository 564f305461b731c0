// Package tpe proposes hyperparameters by the Tree-structured Parzen Estimator, and for the same seed it proposes
// exactly what Optuna 5.0.0's TPESampler proposes with its default settings (multivariate and constant liar on).
//
// A [Study] hands out trials and learns from their values, in Optuna's ask-and-tell form:
//
//	study, err := tpe.NewStudy(tpe.Config{Seed: 0, Direction: tpe.Maximize})
//	for range 50 {
//		trial := study.Ask()
//		depth, err := trial.SuggestInt("max_depth", tpe.IntRange{Low: 10, High: 100, Step: 10})
//		rate, err := trial.SuggestFloat("learning_rate", tpe.FloatRange{Low: 1e-5, High: 1, Log: true})
//		kind, err := tpe.SuggestCategorical(trial, "kind", "linear", "tree")
//		err = study.Tell(trial, objective(depth, rate, kind))
//	}
//	best, ok := study.Best()
//
// # Model
//
// The first trials ([Config].StartupTrials) are random, one parameter at a time in the order of the calls. From then on
// the finished trials are split into the best tenth, at most 25, and the rest. Each part becomes a mixture of one
// product of kernels per trial plus a prior: truncated normals for numbers, smoothed frequencies for categories. Out
// of 24 candidates drawn from the mixture of the best, the one with the largest ratio of the two densities is proposed.
// Parameters that every finished trial had are drawn together; one that is missing in some, because the space is
// conditional, is drawn alone by the same rule. Trials that run count as bad ones, so that asking for several at once
// spreads them.
//
// # Same as Optuna
//
// A proposal follows from the seed, the order of the Suggest calls and of Ask and Tell. The start-up trials and the rest
// draw from two generators with the same seed, as in Optuna. All integers, steps and categories are equal to Optuna's
// and floats agree to about the last bit, with one reservation: Optuna itself is not the same on every machine. numpy
// sorts with SIMD instructions where it can, and then puts equal values in another order, which shows in the kernels'
// widths: [TieOrder] names the order to follow. And where two candidates' ratios agree to their last bits, about 1e-12,
// the last bit of the machine's exponential decides.
//
// # Several trials at once
//
// A Study may be used from several goroutines. Results then depend on the order in which calls arrive, as they do in
// Optuna. [Study.Parallelizable] says how many trials can run at once without changing any proposal against one at a
// time; [Study.AskSpace] asks for all parameters in one step.
package tpe
