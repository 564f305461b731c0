package pipeline

import (
	"html"
	"strings"
)

// pipelineParams are get_params() of the Pipeline, as autolog writes them.
func (k baselineKind) pipelineParams() map[string]string {
	params := map[string]string{
		"memory": "None", "transform_input": "None", "verbose": "False",
		"steps":          "[('standardscaler', StandardScaler()), ('" + k.step() + "', " + k.repr + ")]",
		"standardscaler": "StandardScaler()", k.step(): k.repr,
		"standardscaler__copy": "True", "standardscaler__with_mean": "True", "standardscaler__with_std": "True",
	}
	for _, one := range k.params {
		params[k.step()+"__"+one[0]] = one[1]
	}
	return params
}

// html describes the Pipeline as scikit-learn's estimator_html_repr does: its steps from top to bottom, each opening to show its parameters.
// It is a page of its own, without scripts.
func (k baselineKind) html() string {
	var page strings.Builder
	page.WriteString(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pipeline</title>
<style>
:root { color-scheme: light dark; }
body { font: 14px/1.4 system-ui, sans-serif; margin: 1em; }
section { border: 1px dashed gray; border-radius: 4px; display: inline-block; padding: 0 1em 1em; text-align: center; }
details { background: color-mix(in srgb, cornflowerblue 18%, canvas); border: 1px solid cornflowerblue; border-radius: 4px; min-width: 18em; text-align: left; }
summary { cursor: pointer; font-weight: 600; padding: 0.3em 0.8em; text-align: center; }
table { border-collapse: collapse; margin: 0 0.8em 0.6em; }
td { border-top: 1px solid color-mix(in srgb, canvastext 20%, canvas); font-family: ui-monospace, monospace; padding: 0.1em 0.8em; }
.line { border-left: 1px solid gray; height: 1em; margin: 0 auto; width: 0; }
</style>
</head>
<body>
<section>
<h1 style="font-size: 1em">Pipeline</h1>
`)
	scaler := [][2]string{{"copy", "True"}, {"with_mean", "True"}, {"with_std", "True"}}
	for i, step := range []baselineKind{{class: "StandardScaler", params: scaler}, k} {
		if i > 0 {
			page.WriteString("<div class=\"line\"></div>\n")
		}
		page.WriteString("<details open><summary>" + html.EscapeString(step.class) + "</summary>\n<table>\n")
		for _, one := range step.params {
			page.WriteString("<tr><td>" + html.EscapeString(one[0]) + "</td><td>" + html.EscapeString(one[1]) + "</td></tr>\n")
		}
		page.WriteString("</table></details>\n")
	}
	page.WriteString("</section>\n</body>\n</html>\n")
	return page.String()
}
