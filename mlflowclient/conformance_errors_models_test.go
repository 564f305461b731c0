package mlflowclient_test

import (
	"context"
	"strings"

	"mlopsgo/mlflowclient"
)

const (
	notFound     = "RESOURCE_DOES_NOT_EXIST"
	badParameter = "INVALID_PARAMETER_VALUE"
)

var registryFailures = []failure{
	{"registered-models/create of a name that is taken", func(ctx context.Context, f *failing) error {
		return second(f.c.RegisteredModels.Create(ctx, mlflowclient.CreateRegisteredModel{Name: f.registered}))
	}, 400, "RESOURCE_ALREADY_EXISTS", "Registered Model (name=registered "},
	{"registered-models/create without a name", func(ctx context.Context, f *failing) error {
		return second(f.c.RegisteredModels.Create(ctx, mlflowclient.CreateRegisteredModel{}))
	}, 400, badParameter, "Missing value for required parameter 'name'."},
	{"registered-models/create with a slash", func(ctx context.Context, f *failing) error {
		return second(f.c.RegisteredModels.Create(ctx, mlflowclient.CreateRegisteredModel{Name: "a/b"}))
	}, 400, badParameter, "Invalid model name 'a/b'. Names cannot contain '/' or ':'."},
	{"registered-models/create with a bad tag", func(ctx context.Context, f *failing) error {
		return second(f.c.RegisteredModels.Create(ctx, mlflowclient.CreateRegisteredModel{Name: unique("tag"), Tags: map[string]string{"what?": ""}}))
	}, 400, badParameter, "Invalid value \"what?\" for parameter 'key' supplied: Names may only contain alphanumerics, "},
	{"registered-models/get of none", func(ctx context.Context, f *failing) error {
		return second(f.c.RegisteredModels.Get(ctx, "none"))
	}, 404, notFound, "Registered Model with name=none not found"},
	{"registered-models/update of none", func(ctx context.Context, f *failing) error {
		return second(f.c.RegisteredModels.Update(ctx, "none", "d"))
	}, 404, notFound, "Registered Model with name=none not found"},
	{"registered-models/rename of none", func(ctx context.Context, f *failing) error {
		return second(f.c.RegisteredModels.Rename(ctx, "none", "other"))
	}, 404, notFound, "Registered Model with name=none not found"},
	{"registered-models/rename to a bad name", func(ctx context.Context, f *failing) error {
		return second(f.c.RegisteredModels.Rename(ctx, f.registered, "a:b"))
	}, 400, badParameter, "Invalid model name 'a:b'. Names cannot contain '/' or ':'."},
	{"registered-models/delete of none", func(ctx context.Context, f *failing) error {
		return f.c.RegisteredModels.Delete(ctx, "none")
	}, 404, notFound, "Registered Model with name=none not found"},
	{"registered-models/set-tag of none", func(ctx context.Context, f *failing) error {
		return f.c.RegisteredModels.SetTag(ctx, "none", "k", "v")
	}, 404, notFound, "Registered Model with name=none not found"},
	{"registered-models/alias that is reserved", func(ctx context.Context, f *failing) error {
		return f.c.RegisteredModels.SetAlias(ctx, f.registered, "Latest", "1")
	}, 400, badParameter, "'latest' alias name (case insensitive) is reserved."},
	{"registered-models/alias that looks like a version", func(ctx context.Context, f *failing) error {
		return f.c.RegisteredModels.SetAlias(ctx, f.registered, "v1", "1")
	}, 400, badParameter, "Version alias name 'v"},
	{"registered-models/alias with a space", func(ctx context.Context, f *failing) error {
		return f.c.RegisteredModels.SetAlias(ctx, f.registered, "a b", "1")
	}, 400, badParameter, "Invalid alias name: 'a b'."},
	{"registered-models/alias of no version", func(ctx context.Context, f *failing) error {
		return f.c.RegisteredModels.SetAlias(ctx, f.registered, "a", "7")
	}, 404, notFound, "Model Version (name=registered "},
	{"registered-models/alias of none", func(ctx context.Context, f *failing) error {
		return second(f.c.ModelVersions.GetByAlias(ctx, f.registered, "none"))
	}, 400, notFound, "Registered model alias none not found."},
	{"registered-models/search with a bad filter", func(ctx context.Context, f *failing) error {
		return second(f.c.RegisteredModels.SearchPage(ctx, mlflowclient.SearchRegisteredModels{Filter: "nobody = 'x'"}, ""))
	}, 400, badParameter, "Invalid attribute key 'nobody' specified."},
	{"registered-models/search with a bad order", func(ctx context.Context, f *failing) error {
		return second(f.c.RegisteredModels.SearchPage(ctx, mlflowclient.SearchRegisteredModels{OrderBy: []string{"nobody"}}, ""))
	}, 400, badParameter, "Invalid order by key 'nobody' specified."},
	{"registered-models/get-latest-versions in a bad stage", func(ctx context.Context, f *failing) error {
		return second(f.c.RegisteredModels.LatestVersions(ctx, f.registered, "best"))
	}, 400, badParameter, "Invalid Model Version stage: best. Value must be one of None, Staging, Production, Archived."},
	{"model-versions/create of no model", func(ctx context.Context, f *failing) error {
		return second(f.c.ModelVersions.Create(ctx, mlflowclient.CreateModelVersion{Name: "none", Source: "s3://b/x"}))
	}, 404, notFound, "Registered Model with name=none not found"},
	{"model-versions/create of nothing", func(ctx context.Context, f *failing) error {
		return second(f.c.ModelVersions.Create(ctx, mlflowclient.CreateModelVersion{Name: f.registered}))
	}, 400, badParameter, "Missing value for required parameter 'source'."},
	{"model-versions/create of a file of the server", func(ctx context.Context, f *failing) error {
		return second(f.c.ModelVersions.Create(ctx, mlflowclient.CreateModelVersion{Name: f.registered, Source: "/etc/passwd"}))
	}, 400, badParameter, "Invalid model version source: '/etc/passwd'."},
	{"model-versions/create of another run", func(ctx context.Context, f *failing) error {
		return second(f.c.ModelVersions.Create(ctx, mlflowclient.CreateModelVersion{Name: f.registered, Source: "runs:/" + missing + "/m", RunID: f.run.ID}))
	}, 400, badParameter, "The run_id request parameter must identify the resource that contains the source."},
	{"model-versions/create of another model", func(ctx context.Context, f *failing) error {
		return second(f.c.ModelVersions.Create(ctx, mlflowclient.CreateModelVersion{Name: f.registered, Source: "models:/m-" + missing, ModelID: f.model.ID}))
	}, 400, badParameter, "The model_id request parameter must identify the resource that contains the source."},
	{"model-versions/create of a model that is not", func(ctx context.Context, f *failing) error {
		return second(f.c.ModelVersions.Create(ctx, mlflowclient.CreateModelVersion{Name: f.registered, ModelID: "m-" + missing}))
	}, 500, "INTERNAL_ERROR", "Unable to fetch model from model URI source artifact location 'models:/m-…'.Error: "},
	{"model-versions/create of a version that is not", func(ctx context.Context, f *failing) error {
		return second(f.c.ModelVersions.Create(ctx, mlflowclient.CreateModelVersion{Name: f.registered, Source: "models:/" + f.registered + "/7"}))
	}, 404, notFound, "Model Version (name=registered "},
	{"model-versions/get of none", func(ctx context.Context, f *failing) error {
		return second(f.c.ModelVersions.Get(ctx, f.registered, "7"))
	}, 404, notFound, "Model Version (name=registered "},
	{"model-versions/get of a word", func(ctx context.Context, f *failing) error {
		return second(f.c.ModelVersions.Get(ctx, f.registered, "best"))
	}, 400, badParameter, "Parameter 'version' must be an integer, got 'best'."},
	{"model-versions/update of none", func(ctx context.Context, f *failing) error {
		return second(f.c.ModelVersions.Update(ctx, f.registered, "7", "d"))
	}, 404, notFound, "Model Version (name=registered "},
	{"model-versions/delete of none", func(ctx context.Context, f *failing) error {
		return f.c.ModelVersions.Delete(ctx, f.registered, "7")
	}, 404, notFound, "Model Version (name=registered "},
	{"model-versions/get-download-uri of none", func(ctx context.Context, f *failing) error {
		return second(f.c.ModelVersions.DownloadURI(ctx, f.registered, "7"))
	}, 404, notFound, "Model Version (name=registered "},
	{"model-versions/set-tag with a long key", func(ctx context.Context, f *failing) error {
		return f.c.ModelVersions.SetTag(ctx, f.registered, "1", strings.Repeat("k", 251), "v")
	}, 400, badParameter, "'key' exceeds the maximum length of "},
	{"model-versions/delete-tag of none", func(ctx context.Context, f *failing) error {
		return f.c.ModelVersions.DeleteTag(ctx, f.registered, "7", "k")
	}, 404, notFound, "Model Version (name=registered "},
	{"model-versions/transition-stage to a bad one", func(ctx context.Context, f *failing) error {
		return second(f.c.ModelVersions.TransitionStage(ctx, f.registered, "1", "best", false))
	}, 400, badParameter, "Invalid Model Version stage: best."},
	{"model-versions/search with a word for a number", func(ctx context.Context, f *failing) error {
		return second(f.c.ModelVersions.SearchPage(ctx, mlflowclient.SearchModelVersions{Filter: "version_number = 'x'"}, ""))
	}, 400, badParameter, "Invalid value for numeric attribute 'version_number': 'x'"},
}

var loggedModelFailures = []failure{
	{"logged-models in none", func(ctx context.Context, f *failing) error {
		return second(f.c.LoggedModels.Create(ctx, mlflowclient.CreateLoggedModel{ExperimentID: "999999999"}))
	}, 404, notFound, "No Experiment with id="},
	{"logged-models in a deleted experiment", func(ctx context.Context, f *failing) error {
		return second(f.c.LoggedModels.Create(ctx, mlflowclient.CreateLoggedModel{ExperimentID: f.deleted}))
	}, 400, badParameter, "The experiment "},
	{"logged-models with a dot", func(ctx context.Context, f *failing) error {
		return second(f.c.LoggedModels.Create(ctx, mlflowclient.CreateLoggedModel{ExperimentID: f.experiment, Name: "a.b"}))
	}, 400, badParameter, "Invalid model name ('a.b') provided. Model name must be a non-empty string and cannot contain the following characters: "},
	{"logged-models/get of none", func(ctx context.Context, f *failing) error {
		return second(f.c.LoggedModels.Get(ctx, "m-none"))
	}, 404, notFound, "Logged model with ID 'm-none' not found."},
	{"logged-models/finalize of none", func(ctx context.Context, f *failing) error {
		return second(f.c.LoggedModels.Finalize(ctx, "m-none", mlflowclient.LoggedModelReady))
	}, 404, notFound, "Logged model with ID 'm-none' not found."},
	{"logged-models/delete of none", func(ctx context.Context, f *failing) error {
		return f.c.LoggedModels.Delete(ctx, "m-none")
	}, 404, notFound, "Logged model with ID 'm-none' not found."},
	{"logged-models/tags of none", func(ctx context.Context, f *failing) error {
		return f.c.LoggedModels.SetTags(ctx, "m-none", map[string]string{"k": "v"})
	}, 404, notFound, "Logged model with ID 'm-none' not found."},
	{"logged-models/params of none", func(ctx context.Context, f *failing) error {
		return f.c.LoggedModels.LogParams(ctx, "m-none", map[string]string{"k": "v"})
	}, 404, notFound, "Logged model with ID 'm-none' not found."},
	{"logged-models/search with a bad filter", func(ctx context.Context, f *failing) error {
		return second(f.c.LoggedModels.SearchPage(ctx, mlflowclient.SearchLoggedModels{ExperimentIDs: []string{f.experiment}, Filter: "metric.acc > 1"}, ""))
	}, 400, badParameter, "Invalid entity type: 'metric'."},
	{"logged-models/search with a bad order", func(ctx context.Context, f *failing) error {
		return second(f.c.LoggedModels.SearchPage(ctx, mlflowclient.SearchLoggedModels{ExperimentIDs: []string{f.experiment}, OrderBy: []mlflowclient.LoggedModelOrder{{Field: "nobody"}}}, ""))
	}, 400, badParameter, "Invalid order by field name: nobody"},
	{"logged-models/search with another search's token", func(ctx context.Context, f *failing) error {
		return second(f.c.LoggedModels.SearchPage(ctx, mlflowclient.SearchLoggedModels{ExperimentIDs: []string{f.experiment}}, "e30="))
	}, 400, badParameter, "Experiment IDs in the page token do not match the requested experiment IDs."},
	{"runs/outputs of none", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogOutputs(ctx, missing, []mlflowclient.ModelOutput{{ModelID: f.model.ID}})
	}, 404, notFound, "Run with id="},
	{"runs/outputs of a deleted run", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogOutputs(ctx, f.gone, []mlflowclient.ModelOutput{{ModelID: f.model.ID}})
	}, 400, badParameter, " must be in the 'active' state. Current state is deleted."},
}
