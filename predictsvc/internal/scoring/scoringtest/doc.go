// Package scoringtest makes bodies for MLflow's scoring protocol, good and bad ones, for tests that compare two servers: the same seed
// gives the same bodies.
package scoringtest
