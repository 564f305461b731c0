# `make` alone lists the targets. Tools are pinned here and run from Go's own caches: nothing is installed into the tree or onto the PATH.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOFUMPT := go run mvdan.cc/gofumpt@v0.12.0
GOVULNCHECK := go run golang.org/x/vuln/cmd/govulncheck@v1.1.4

# Python keeps what it has compiled, beside its packages in the cache: where a machine forbids it, each of the hundred processes that the tests
# start compiles all that it imports, which takes more of the processor than what it is started for.
unexport PYTHONDONTWRITEBYTECODE

# What to test and how: make test PACKAGES=./mlflowclient/... TESTFLAGS='-run Batch -v'
PACKAGES ?= ./...
TESTFLAGS ?=
# How many inputs each fuzz target tries beyond its corpus.
FUZZCOUNT ?= 20000x

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# What computes for its living takes ten times as long under the race detector. These packages run twice: whole without it, and under it
# with -short, which leaves out the comparisons with Python. All others run whole under it.
COMPUTING := ^mlopsgo/(pipeline|internal/onnx|mlflowclient/embedded|monitoring/drift|monitoring/outlier)(/|$$)
# Those that take longest begin first, so that no core is idle while the last of them runs.
LONGEST := ^mlopsgo/(mlflowclient|prefectclient|predictsvc|predictsvc/predictor|internal/looptest|pipeline|mlflowclient/embedded)$$
# Lint runs go vet, on everything and whole.
GO_TEST := go test -count=1 -timeout=30m -vet=off
# With the race detector come checks of every pointer's arithmetic, which are half of the time that SQLite, C made Go by a program, then takes.
RACE := -race -gcflags=modernc.org/...=-d=checkptr=0

# One kind after the other: all at once keeps the processors no busier, and has servers and tests miss their times.
.PHONY: test
test: ## all tests, on the real servers, which are started first and stopped afterwards if they were not up
	@packages=$$(go list $(PACKAGES) | awk -v longest='$(LONGEST)' '$$0 ~ longest { print; next } { rest = rest $$0 "\n" } END { printf "%s", rest }'); \
	computing=$$(grep -E '$(COMPUTING)' <<<"$$packages" || true); \
	others=$$(grep -vE '$(COMPUTING)' <<<"$$packages" || true); \
	failed=0; \
	if [ -n "$$computing" ]; then $(GO_TEST) $(RACE) -short $(TESTFLAGS) $$computing || failed=1; fi; \
	REQUIRE_STACK=1 stack/with bash -c '\
	  failed=0; \
	  if [ -n "$$1" ]; then $(GO_TEST) $(TESTFLAGS) $$1 || failed=1; fi; \
	  if [ -n "$$2" ]; then $(GO_TEST) $(RACE) $(TESTFLAGS) $$2 || failed=1; fi; \
	  exit $$failed' test "$$computing" "$$others" || failed=1; \
	exit $$failed

.PHONY: test-short
test-short: ## the tests that need nothing but Go
	go test $(TESTFLAGS) $(PACKAGES)

.PHONY: lint
lint: ## gofumpt, go vet, go fix, golangci-lint, and shellcheck where it is installed
	@unformatted=$$($(GOFUMPT) -l .); if [ -n "$$unformatted" ]; then echo "gofumpt -w . would change:" $$unformatted; exit 1; fi
	go vet ./...
	go fix -diff ./...
	$(GOLANGCI_LINT) config verify
	$(GOLANGCI_LINT) run --allow-parallel-runners ./...
	@if command -v shellcheck >/dev/null; then shellcheck -x --source-path=stack .ci/run $$(find stack -type f ! -name "*.txt"); fi

.PHONY: format
format: ## what lint can put right by itself
	$(GOLANGCI_LINT) fmt ./...
	go fix ./...

.PHONY: vulncheck
vulncheck: ## known vulnerabilities in what is linked; needs the network, so it is no part of check
	$(GOVULNCHECK) ./...

# Each package is compiled once, with the instruments of the fuzzer, for all its targets. Inputs that reach something new are not minimised,
# which may take a minute for each and would be all that a short run does.
FUZZBUILD ?= -fuzz=Fuzz

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZCOUNT inputs
	@work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; \
	for dir in $$(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' $(PACKAGES)); do \
	  targets=$$(cat $$dir/*_test.go | sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p'); \
	  [ -n "$$targets" ] || continue; \
	  go test -c $(FUZZBUILD) -o "$$work/fuzz.test" $$dir; \
	  for target in $$targets; do \
	    echo "$$target in $${dir#$(CURDIR)/}"; \
	    (cd $$dir && "$$work/fuzz.test" -test.run='^$$' -test.fuzz="^$$target\$$" -test.fuzztime=$(FUZZCOUNT) \
	      -test.fuzzminimizetime=1x -test.fuzzcachedir="$$work/cache"); \
	  done; \
	done

# What reads bytes of strangers: bodies of requests in JSON and CSV, tables, archives, ONNX, skops, pickle and MLmodel files, the spool.
PARSERS := ./predictsvc/... ./internal/... ./mlflowclient/mlmodel ./monitoring ./pipeline ./pipeline/forest

# Without the instruments: they make all dependencies compile anew, and in a program with many each input takes 20 ms. So short a run has
# little use for their guidance.
.PHONY: fuzz-ci
fuzz-ci: ## the fuzz targets of the parsers of bytes from outside, 5,000 inputs each
	@$(MAKE) --no-print-directory fuzz FUZZCOUNT=5000x FUZZBUILD= PACKAGES="$(PARSERS)"

.PHONY: api
api: ## compare the public packages with the baseline of their API
	go test -count=1 -run='^TestAPICompatible$$' ./internal/arch

.PHONY: api-baseline
api-baseline: ## take the public packages as they are for the baseline
	go test -count=1 -run='^TestAPICompatible$$' ./internal/arch -args -update-api

.PHONY: bench-forest
bench-forest: ## the forest against scikit-learn, in one run
	go run ./pipeline/benchmark/forest

.PHONY: bench-prefect
bench-prefect: ## the worker and its tasks against Python's, in one run
	stack/with go run ./prefectclient/benchmark

.PHONY: bench-baselines
bench-baselines: ## the four baselines against scikit-learn, in one run
	go run ./pipeline/benchmark/baselines

.PHONY: bench-hpo
bench-hpo: ## the study against Optuna, scikit-learn and MLflow in Python, in one run
	stack/with go run ./pipeline/benchmark/hpo

.PHONY: bench-pool
bench-pool: ## studies on a Prefect pool with 1, 2 and 4 workers of one core, and the overhead of a trial
	stack/with go run ./pipeline/benchmark/pool

.PHONY: bench-metrics
bench-metrics: ## the logging of metrics against MLflow's Python client, in one run
	stack/with go run ./mlflowclient/benchmark/metrics

.PHONY: bench-artifacts
bench-artifacts: ## artifacts against MLflow's Python client, and the memory of a large upload, in one run
	stack/with go run ./mlflowclient/benchmark/artifacts

.PHONY: bench-predict
bench-predict: ## the predictor against mlflow models serve, an empty Gin handler and onnxruntime, in one run
	stack/with go run ./predictsvc/benchmark

.PHONY: check
check: lint test ## lint and test

.PHONY: up
up: ## start the real servers (see stack/up --help)
	stack/up

.PHONY: down
down: ## stop them
	stack/down
