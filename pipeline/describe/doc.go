// Package describe tells what is in a table before anybody learns from it: [Summarize] a column as pandas' describe does, [Correlation]
// between columns, [CorrelationRatio] between a column and classes, and the [Density] of a column as a curve.
//
// Columns are slices of finite numbers, one value a row; nothing here changes its arguments. Figures equal those of pandas, scipy and
// seaborn within rounding; tests compare them in the same run. The package imports no other package of the module.
package describe
