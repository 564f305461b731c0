package monitoring

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"mlopsgo/mlflowclient"
)

// ReferenceFile is the file in a model's folder that holds its [Reference].
const ReferenceFile = "reference.csv"

// References gives the reference of a model version.
type References func(ctx context.Context, version string) (*Reference, error)

// FileReference takes one file for all versions.
func FileReference(path, target string) References {
	return func(context.Context, string) (*Reference, error) {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("reference: %w", err)
		}
		defer file.Close()
		return ReadReference(file, path, target)
	}
}

// ModelName reads a model URI of the registry, models:/name@alias, models:/name/version or models:/name/latest: the name under which predictions
// are logged and, for the second form, the only version to look at.
func ModelName(uri string) (name, version string, err error) {
	path, ok := strings.CutPrefix(uri, "models:/")
	name, version, _ = strings.Cut(path, "/")
	alias := ""
	if version == "" {
		name, alias, _ = strings.Cut(name, "@")
	}
	if !ok || name == "" || (alias == "") == (version == "") || strings.ContainsAny(name+version+alias, "@/") {
		return "", "", fmt.Errorf("model %q is not of the form models:/name@alias, models:/name/version or models:/name/latest", uri)
	}
	if version == "latest" {
		version = ""
	}
	return name, version, nil
}

// ModelReferences reads the reference of a version of a registered model from the model's own folder in MLflow.
func ModelReferences(client *mlflowclient.Client, name, target string) References {
	return func(ctx context.Context, version string) (*Reference, error) {
		if version == "" {
			return nil, errors.New("the predictions name no model version, so there is no reference to find: name a file with --reference")
		}
		uri := "models:/" + name + "/" + version
		model, err := client.ResolveModel(ctx, uri)
		if err != nil {
			return nil, fmt.Errorf("reference: %w", err)
		}
		artifacts, err := client.Artifacts.At(model.ArtifactURI)
		if err != nil {
			return nil, fmt.Errorf("reference of %s: %w", uri, err)
		}
		file, err := artifacts.Open(ctx, ReferenceFile)
		if errors.Is(err, mlflowclient.ErrNotFound) {
			return nil, fmt.Errorf("model %s has no file %s, the rows that it was trained on: register it anew, or name a file with --reference", uri, ReferenceFile)
		}
		if err != nil {
			return nil, fmt.Errorf("reference of %s: %w", uri, err)
		}
		defer file.Close()
		return ReadReference(file, uri+"/"+ReferenceFile, target)
	}
}
