"""What MLflow's own Python client reads of traces, assessments, data sets and prompts, and writes of them; see trace_python_test.go.

    traces.py URI TASKS

TASKS is JSON: {"read": {"traces": [id, …], "datasets": [id, …], "prompts": [uri, …]}, "experiment": id, "name": a name for what is
written, "texts": [what hurts, …]}. It prints {"read": {…}, "written": {…}}, both with what Python sees.
"""

import json
import math
import os
import struct
import sys

os.environ.setdefault("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")

import mlflow  # noqa: E402
import mlflow.genai  # noqa: E402
from mlflow.entities import AssessmentError, AssessmentSource, SpanEvent, SpanType  # noqa: E402
from mlflow.genai.datasets import create_dataset  # noqa: E402


def canon(v):
    """A value as text, in which only equal values of equal type are equal."""
    if v is None:
        return "null"
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, int):
        return f"i{v}"
    if isinstance(v, float):
        return "fnan" if math.isnan(v) else "f" + struct.pack(">d", v).hex()
    if isinstance(v, str):
        return "s" + v.encode("utf-8", "surrogatepass").hex()
    if isinstance(v, (list, tuple)):
        return "[" + ",".join(canon(x) for x in v) + "]"
    return "{" + ",".join(canon(k) + ":" + canon(v[k]) for k in sorted(v)) + "}"


def assessment(a):
    return {
        "id": a.assessment_id, "trace_id": a.trace_id, "span_id": a.span_id or "", "name": a.name,
        "source": [str(a.source.source_type), a.source.source_id], "rationale": a.rationale or "",
        "metadata": a.metadata or {}, "overrides": getattr(a, "overrides", None) or "",
        "valid": a.valid is not False, "created": a.create_time_ms, "updated": a.last_update_time_ms,
        "kind": type(a).__name__, "value": canon(getattr(a, "value", None)),
        "error": [a.feedback.error.error_code or "", a.feedback.error.error_message or "", a.feedback.error.stack_trace or ""]
        if getattr(a, "feedback", None) and a.feedback.error
        else [],
    }


def trace(t):
    i = t.info
    return {
        "id": i.trace_id, "experiment": i.experiment_id, "client": i.client_request_id or "", "time": i.request_time,
        "duration": i.execution_duration or 0, "state": str(i.state), "request": i.request_preview or "",
        "response": i.response_preview or "", "metadata": dict(i.trace_metadata), "tags": dict(i.tags),
        "assessments": sorted((assessment(a) for a in i.assessments), key=lambda a: a["id"]),
        "spans": [
            {
                "id": s.span_id, "trace_id": s.trace_id, "parent": s.parent_id or "", "name": s.name, "start": s.start_time_ns,
                "end": s.end_time_ns, "status": s.status.status_code.value, "message": s.status.description or "",
                "attributes": {k: canon(v) for k, v in s.attributes.items()},
                "events": [[e.name, e.timestamp, canon(dict(e.attributes))] for e in s.events],
                "links": [[k.trace_id, k.span_id, canon(k.attributes or {})] for k in s.links],
            }
            for s in sorted(t.data.spans, key=lambda s: (s.start_time_ns, s.span_id))
        ],
    }


def write_trace(nasty):
    with mlflow.start_span(name=nasty[0], span_type=SpanType.CHAIN) as root:
        root.set_inputs({"question": nasty, "n": 1, "f": 1.0, "nested": [{"a": None}]})
        for i, text in enumerate(nasty):
            root.set_attribute(f"text {i}", text)
        root.set_attributes({"nan": math.nan, "inf": -math.inf, "big": 2**62 + 1, "list": [1, 2.5, "x", None, True], "none": None, "empty": {}})
        with mlflow.start_span(name="child", span_type=SpanType.TOOL) as child:
            child.add_event(SpanEvent(name="event", attributes={"n": 3, "text": nasty[3], "nan": math.nan}))
            child.set_outputs(nasty)
            child.set_status("ERROR")
        mlflow.update_current_trace(tags={"tag ü": nasty[4]}, metadata={"mlflow.trace.session": nasty[5]}, client_request_id="c ü")
        root.set_outputs(nasty[6])
    tid = root.trace_id
    first = mlflow.log_feedback(trace_id=tid, name="q", value=0.5, source=AssessmentSource("HUMAN", "me@example.com"), rationale="no ü")
    mlflow.override_feedback(trace_id=tid, assessment_id=first.assessment_id, value=True, rationale="yes", source=AssessmentSource("HUMAN", "you"))
    mlflow.log_feedback(trace_id=tid, name="list", value=["a", 1.5, True], metadata={"k": nasty[2]}, span_id=child.span_id)
    mlflow.log_feedback(trace_id=tid, name="dict", value={"a": nasty[1]}, source=AssessmentSource("LLM_JUDGE", "gpt"))
    mlflow.log_feedback(trace_id=tid, name="failed", error=AssessmentError("CODE", "message", "stack"))
    mlflow.log_expectation(trace_id=tid, name="answer", value={"a": [1, 2.5, None, math.nan, -math.inf, {"b": nasty[2] + "NaN\\\""}]}, metadata={"k": "v"})
    mlflow.log_expectation(trace_id=tid, name="text", value=nasty[1])
    mlflow.log_expectation(trace_id=tid, name="number", value=42)
    return tid


def dataset(d):
    return {
        "id": d.dataset_id, "name": d.name, "digest": d.digest, "tags": d.tags, "schema": d.schema or "", "profile": d.profile or "",
        "experiments": sorted(d.experiment_ids), "created": d.created_time, "updated": d.last_update_time,
        "records": [
            {
                "id": r.dataset_record_id, "source_id": r.source_id or "",
                "content": canon([
                    r.inputs, r.outputs, r.expectations or {}, r.tags or {},
                    str(r.source.source_type.value) + canon(r.source.source_data or {}) if r.source else "none",
                ]),
            }
            for r in d.records
        ],
    }


def write_dataset(experiment, name, nasty):
    d = create_dataset(name=name + nasty[4], experiment_id=experiment, tags={"t": nasty[7]})
    d.merge_records([
        {"inputs": {"q": text, "n": 2**60 + 1, "f": 1.5}, "outputs": text, "expectations": {"e": [text, None]}, "tags": {"t": text}} for text in nasty
    ])
    d.merge_records([{"inputs": {"q": "code"}}])
    return d.dataset_id


def prompt(p):
    return {
        "name": p.name, "version": str(p.version), "template": canon(p.template), "message": p.commit_message or "", "tags": p.tags,
        "aliases": sorted(p.aliases), "variables": sorted(p.variables), "format": canon(p.response_format), "config": canon(p.model_config),
        "created": p.creation_timestamp, "user": p.user_id or "",
    }


def write_prompts(name, nasty):
    text = mlflow.genai.register_prompt(
        name=name, template=" ".join(nasty) + " {{ name }} {{a.b}}", commit_message=nasty[7], tags={"t": nasty[4]},
        response_format={"type": "object", "n": nasty[7]}, model_config={"model_name": "gpt", "temperature": 0.5, "max_tokens": 10, "own": [1]},
    )
    mlflow.genai.set_prompt_alias(name, alias="champion", version=text.version)
    mlflow.genai.register_prompt(name=name, template=[{"role": "system", "content": text} for text in nasty] + [{"role": "user", "content": "{{ q }}"}])
    return [f"prompts:/{name}@champion", f"prompts:/{name}/2"]


def see(traces, datasets, prompts):
    return {
        "traces": [trace(mlflow.get_trace(t)) for t in traces],
        "datasets": [dataset(mlflow.MlflowClient().get_dataset(d)) for d in datasets],
        "prompts": [prompt(mlflow.genai.load_prompt(p)) for p in prompts],
    }


def main(uri, tasks):
    mlflow.set_tracking_uri(uri)
    tasks = json.loads(tasks)
    experiment, name, nasty = tasks["experiment"], tasks["name"], tasks["texts"]
    mlflow.set_experiment(experiment_id=experiment)
    read = see(**tasks["read"])
    prompts = write_prompts(name, nasty)
    return {"read": read, "written": see([write_trace(nasty)], [write_dataset(experiment, name, nasty)], prompts) | {"uris": prompts}}


if __name__ == "__main__":
    out, sys.stdout = sys.stdout, sys.stderr  # what MLflow prints must not get into the answer
    json.dump(main(*sys.argv[1:]), out)
