package mlflowclient

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"path"
)

// What the methods below log are artifacts: files of the run, by a path relative to its folder, with slashes. What was there by that
// name is overwritten. MLflow's user interface shows text, JSON, YAML, CSV, Markdown, HTML, images and tables by the name's ending.

// LogText logs a text.
func (r *ActiveRun) LogText(ctx context.Context, file, text string) error {
	return r.upload(ctx, file, []byte(text))
}

// LogDict logs whatever encoding/json can write, for example a map or a struct: as YAML when the name ends in .yml or .yaml, otherwise as
// JSON, both indented by two. Values without a form in JSON, such as NaN, are an error, where Python would write a file that is not JSON.
func (r *ActiveRun) LogDict(ctx context.Context, file string, value any) error {
	var text []byte
	compact, err := marshal(value)
	if err != nil {
		return invalid("artifact %s: the value cannot be written as JSON: %v", quote(file), err)
	}
	switch path.Ext(file) {
	case ".yml", ".yaml":
		text, err = yamlOf(compact)
	default:
		var b bytes.Buffer
		err = json.Indent(&b, compact, "", "  ")
		text = b.Bytes()
	}
	if err != nil {
		return err
	}
	return r.upload(ctx, file, text)
}

// LogFigure logs what a figure writes, in the format that the figure was told. With gonum/plot:
//
//	figure, err := p.WriterTo(6*vg.Inch, 4*vg.Inch, "png") // or svg, pdf, jpg, …
//	err = run.LogFigure(ctx, "plots/residuals.png", figure)
func (r *ActiveRun) LogFigure(ctx context.Context, file string, figure io.WriterTo) error {
	var b bytes.Buffer
	if _, err := figure.WriteTo(&b); err != nil {
		return err
	}
	return r.upload(ctx, file, b.Bytes())
}

// upload stores a file, and may do so again when an answer is lost.
func (r *ActiveRun) upload(ctx context.Context, file string, data []byte) error {
	store, err := r.Artifacts()
	if err != nil {
		return err
	}
	return store.put(ctx, file, contentOf(data), store.begin(1, int64(len(data))))
}
