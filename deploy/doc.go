// Package deploy holds what docker-compose.yml runs the system with: Dockerfiles, the first statements for Postgres, Evidently's
// configuration, and Grafana's data source, dashboard and alert rules. It has no code of its own but these files' tests, and the small
// command probe that containers ask for their health with.
//
// There is no container engine where the tests run, so they prove what can be proved without one: the files are read by the parsers
// of those who use them (compose-go, BuildKit, Grafana's SDK, Evidently), the programs are built by the Dockerfile's own command, every
// flag and variable is one that its program knows, the servers start with the environment that compose gives them, and every query of
// Grafana's runs on a real Postgres made by the image's own statements.
package deploy
