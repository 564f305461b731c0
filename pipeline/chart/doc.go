// Package chart draws what is worth seeing of a classifier: its confusion matrix, and bars such as the importances of features.
//
// A chart is an [image.Image] of a fixed size, drawn with gonum/plot and its embedded fonts, so that it looks the same on every machine. It
// goes to MLflow by [mlopsgo/mlflowclient.ActiveRun.LogImage], or to a file by image/png.
package chart
