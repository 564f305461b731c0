// Package drift tells whether a table of current rows still looks like the reference rows that a model was trained on. It gives the same
// verdicts, and the same figures to 1e-9, as the data drift report of Evidently 0.7.23 with its default settings, without Python.
//
// # Model
//
// A [Column] has two sides, the reference and the current values. [Detect] cleans both sides (NaN and infinities are missing values and are
// dropped), chooses a method, scores every column and calls it drifted when its score crosses the threshold; the table has drifted when at
// least half of its columns have. Without other [Options] the method follows from the number of clean reference rows and from the number of
// distinct values on both sides together:
//
//	reference   numerical, more than 5 values   numerical, 2 < values ≤ 5   categorical
//	≤ 1000      Kolmogorov-Smirnov, 0.05        chi-square, 0.05            chi-square, 0.05 (z-test for at most 2 values)
//	> 1000      normed Wasserstein, 0.1         Jensen-Shannon, 0.1         Jensen-Shannon, 0.1
//
// The first row gives p-values: small means drift. The second gives distances: large means drift. The population stability index and the
// Kullback-Leibler divergence can be asked for by name.
//
// The reason for the two rows: with thousands of rows a p-value finds differences too small to matter, so the size of the difference counts.
//
// # Bins
//
// Jensen-Shannon, PSI and Kullback-Leibler compare shares of rows per bin. A numerical column with more than 20 distinct reference values is
// cut into equal widths by Sturges' rule over both sides; any other column has one bin a value. [Shares] gives them, for pictures too.
//
// # What differs from Evidently
//
// Free text is refused ([ErrText]) rather than scored by a classifier. Where Evidently would give NaN, this package gives an error, or the
// value that the formula tends to; each such place says so.
//
// The package uses the standard library only and starts goroutines only inside Detect, one for each column at work.
package drift
