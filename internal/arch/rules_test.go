package arch_test

import (
	"slices"
	"strings"
	"testing"

	"mlopsgo/internal/arch"
)

// leaves know one thing each and nothing of this module, so that anybody can use, test and replace them alone.
var leaves = []string{
	"internal/dataset",
	"internal/onnx",
	"internal/pyobject",
	"internal/s3",
	"internal/spool",
	"internal/wine",
	"monitoring/drift",
	"monitoring/outlier",
	"pipeline/chart",
	"pipeline/describe",
	"pipeline/forest",
	"pipeline/neighbors",
	"pipeline/score",
	"pipeline/svm",
	"pipeline/tpe",
}

// objectReaders read (and package skops also writes) files that hold objects of Python.
var objectReaders = []string{"internal/pickle", "internal/skops"}

var clients = []string{"mlflowclient", "prefectclient"}

// forTests are the packages that only tests import.
var forTests = append([]string{"internal/arch", "internal/command/commandtest", "internal/grafana", "internal/looptest", "internal/stack"}, besideTheirs...)

// besideTheirs are those of them that stand on a package, and are for the tests of what uses it.
var besideTheirs = []string{"prefectclient/prefecttest", "predictsvc/internal/scoring/scoringtest"}

// ofCommands is what every command is made with.
var ofCommands = []string{"internal/command", "internal/progress"}

// ofBenchmarks is what every benchmark is made with: it is a command, and compares with Python.
var ofBenchmarks = join(ofCommands, "internal/original")

var rules = []arch.Rule{
	{
		Packages: leaves,
		Reason:   "a leaf imports nothing of this module, so that it can be used, tested and replaced alone",
	},
	{
		Packages:  objectReaders,
		MayImport: []string{"internal/pyobject"},
		Reason:    "both formats give the same tree of objects, so that whoever looks at a model need not know in which file it was",
	},
	{
		Packages:  []string{"internal/sklearn"},
		MayImport: []string{"internal/onnx", "internal/pyobject"},
		Reason:    "it evaluates the tree of objects, whatever file held it, and its forests with the trees of package onnx, which are the fastest here",
	},
	{
		Packages: append([]string{"internal/postgres", "internal/rest", "internal/telemetry"}, ofBenchmarks...),
		Reason:   "plumbing knows nothing of what flows through it",
	},
	{
		Packages:  []string{"internal/predictionlog"},
		MayImport: []string{"internal/postgres"},
		Reason:    "the table between the predictor and monitoring knows neither of them",
	},
	{
		Packages: slices.DeleteFunc(slices.Clone(forTests), func(path string) bool { return slices.Contains(besideTheirs, path) }),
		Reason:   "what tests stand on must not stand on what they test",
	},
	{
		Packages:  []string{"predictsvc/internal/scoring"},
		MayImport: []string{"mlflowclient/mlmodel"},
		Reason:    "it enforces the signature of a model on a body, whoever evaluates the model and whatever brought the body",
	},
	{
		Packages:  []string{"predictsvc/internal/scoring/scoringtest"},
		MayImport: []string{"predictsvc/internal/scoring", "mlflowclient/mlmodel"},
		Reason:    "it makes bodies for a signature, and sends them nowhere",
	},
	{
		Packages:  []string{"prefectclient/prefecttest"},
		MayImport: []string{"prefectclient"},
		Reason:    "it helps users of the client to test their flows, as any package of theirs could",
	},
	{
		Packages: []string{"mlflowclient/embedded", "mlflowclient/mlmodel"},
		Reason:   "the store answers, and the model file describes, whatever client asks",
	},
	{
		Packages:  []string{"mlflowclient"},
		MayImport: []string{"internal/rest", "internal/s3", "mlflowclient/embedded", "mlflowclient/mlmodel"},
		Reason: "a client is useful to any Go project that has an MLflow: it knows its protocol and nothing of wine or pipelines; " +
			"runs keep their artifacts on S3 where the server does not serve them",
	},
	{
		Packages:  []string{"mlflowclient/benchmark/..."},
		MayImport: join("mlflowclient", ofBenchmarks),
		Reason:    "a benchmark measures what users of the client get",
	},
	{
		Packages:  []string{"prefectclient"},
		MayImport: []string{"internal/rest", "internal/s3"},
		Reason:    "a client is useful to any Go project that has a Prefect: it knows its protocol, keeps results where its blocks say, and knows nothing of wine or pipelines",
	},
	{
		Packages:  []string{"pipeline"},
		MayImport: join(objectReaders, "internal/sklearn", clients, leaves, "internal/skops", "mlflowclient/mlmodel"),
		Reason:    "the steps are a composition of clients and leaves, and know nothing of terminals, of serving or of monitoring",
	},
	{
		Packages:  []string{"prefectclient/benchmark"},
		MayImport: join(ofBenchmarks, "prefectclient"),
		Reason:    "a benchmark measures what users of the client get",
	},
	{
		Packages:  []string{"pipeline/benchmark/..."},
		MayImport: join(clients, leaves, ofBenchmarks, "pipeline", "internal/skops"),
		Reason:    "a benchmark measures what users of the pipeline get",
	},
	{
		Packages: []string{
			"pipeline/ingest", "pipeline/explore", "pipeline/baselines", "pipeline/hpo", "pipeline/train", "pipeline/register", "pipeline/worker",
		},
		MayImport: join(clients, ofCommands, "pipeline"),
		Reason:    "a command only wires: the work is in package pipeline, which tests can call",
	},
	{
		Packages:  []string{"predictsvc"},
		MayImport: join(objectReaders, "mlflowclient", "mlflowclient/mlmodel", "internal/onnx", "internal/predictionlog", "internal/pyobject", "predictsvc/internal/scoring", "internal/sklearn", "internal/spool"),
		Reason:    "the service serves what the registry holds, whoever trained it, and logs what it said: it must not know the pipeline",
	},
	{
		Packages:  []string{"predictsvc/predictor"},
		MayImport: join(ofCommands, "predictsvc", "mlflowclient", "internal/telemetry"),
		Reason:    "a command only wires: the work is in package predictsvc, which tests can call, and which system gets its spans is the command's choice",
	},
	{
		Packages:  []string{"predictsvc/benchmark"},
		MayImport: join(ofBenchmarks, "internal/onnx"),
		Reason:    "a benchmark measures the command from outside, and the evaluation of a model alone",
	},
	{
		Packages:  []string{"monitoring/evidently"},
		MayImport: []string{"internal/rest"},
		Reason:    "a client is useful to any Go project that has an Evidently: it knows its protocol and nothing of drift",
	},
	{
		Packages:  []string{"monitoring"},
		MayImport: join(leaves, "internal/postgres", "internal/predictionlog", "mlflowclient", "monitoring/evidently", "prefectclient"),
		Reason: "monitoring compares logged predictions with what the registry keeps of a model's training rows, whoever trained and served it; " +
			"it publishes through Evidently and starts flows through Prefect",
	},
	{
		Packages:  []string{"monitoring/monitor"},
		MayImport: join(ofCommands, "mlflowclient", "monitoring", "monitoring/evidently", "monitoring/outlier", "prefectclient"),
		Reason:    "a command only wires: the work is in package monitoring, which tests can call",
	},
	{
		Packages:  []string{"deploy", "deploy/probe"},
		MayImport: ofCommands,
		Reason:    "the deployment puts programs together from outside, by their flags and environment, as any user can",
	},
	{
		Packages:  []string{"examples/..."},
		MayImport: []string{"mlflowclient/...", "prefectclient/...", "pipeline/...", "predictsvc", "monitoring/..."},
		Reason:    "an example can be copied into another project, where internal packages do not exist",
	},
}

// onlyForTests are the libraries that have no place in a program or in a library that programs are made with.
var onlyForTests = append([]string{
	"testing/...", "golang.org/x/exp/apidiff/...", "golang.org/x/tools/...",
	"github.com/stretchr/testify/...", "github.com/google/go-cmp/...", "go.uber.org/goleak/...", "github.com/chromedp/...", "github.com/getkin/kin-openapi/...",
	"github.com/compose-spec/compose-go/...", "github.com/grafana/grafana-foundation-sdk/...", "github.com/moby/buildkit/...",
}, forTests...)

// keptInside are the libraries that a public package may use and must not show: a newer version of theirs would break our users.
var keptInside = []string{
	"github.com/go-resty/resty/...", "github.com/gin-gonic/gin/...", "github.com/jackc/pgx/...",
	"github.com/aws/aws-sdk-go-v2/...", "github.com/aws/smithy-go/...", "go.opentelemetry.io/...",
}

func TestImportsPointOneWay(t *testing.T) {
	for _, line := range arch.CheckImports(moduleGraph(t), rules) {
		t.Error(line)
	}
}

func TestTestLibrariesAreNotLinked(t *testing.T) {
	var graph []arch.Package
	for _, p := range moduleGraph(t) {
		if !slices.Contains(forTests, p.Path) {
			graph = append(graph, p)
		}
	}
	for _, line := range arch.CheckLinked(graph, onlyForTests, "it is for tests only") {
		t.Error(line)
	}
}

func TestPublicPackagesKeepLibrariesInside(t *testing.T) {
	forbidden := func(path string) bool { return arch.Covers(keptInside, path) }
	for _, pkg := range publicPackages(t) {
		for _, line := range arch.CheckAPI(pkg, forbidden) {
			t.Error(line)
		}
	}
}

func TestEveryRuleHasReason(t *testing.T) {
	for _, rule := range rules {
		if len(rule.Packages) == 0 || len(strings.Fields(rule.Reason)) < 5 {
			t.Errorf("%+v: a rule names packages and gives a reason", rule)
		}
	}
}

// join makes one list of paths and lists of paths.
func join(parts ...any) []string {
	var all []string
	for _, part := range parts {
		switch part := part.(type) {
		case string:
			all = append(all, part)
		case []string:
			all = append(all, part...)
		}
	}
	return all
}
