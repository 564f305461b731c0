// The page of the model: its signature as a form, the answer as bars, and what MLflow knows of it.
"use strict";

const at = (id) => document.getElementById(id);
let model = null;

const facts = (list, entries) => {
  list.replaceChildren();
  for (const [name, value] of entries) {
    if (value === undefined || value === null || value === "") continue;
    list.append(element("dt", { textContent: name }), element("dd", {}, value));
  }
};

// field is one column of the signature.
const field = (column, i) => {
  const id = "field-" + i;
  const example = model.example ? model.example[column.name] : undefined;
  let input;
  if (column.type === "boolean") {
    input = element("select", { id, name: column.name }, element("option", { value: "true" }, "true"), element("option", { value: "false" }, "false"));
    if (example !== undefined) input.value = String(example);
  } else {
    input = element("input", { id, name: column.name, type: "text", autocomplete: "off", spellcheck: false, required: column.required });
    if (column.type !== "string" && column.type !== "datetime") input.inputMode = "decimal";
    input.defaultValue = example === undefined || example === null ? "" : String(example);
  }
  const label = element("label", { htmlFor: id }, column.name, element("small", { textContent: column.required ? column.type : column.type + ", optional" }));
  return element("div", { className: "field" }, label, input);
};

// body is what the form says, as JSON. Numbers stay as they are written: the service says what is wrong with them.
const body = () => {
  const members = [];
  for (const column of model.columns) {
    const text = at("form").elements.namedItem(column.name).value.trim();
    if (text === "" && !column.required) continue;
    const isText = column.type === "string" || column.type === "datetime" || !isJSON(text);
    members.push(JSON.stringify(column.name) + ":" + (isText ? JSON.stringify(text) : text));
  }
  return "{" + members.join(",") + "}";
};

const isJSON = (text) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const bars = (probabilities, label) => {
  at("bars").replaceChildren();
  for (const [name, p] of Object.entries(probabilities || {})) {
    const share = p === null ? 0 : Math.min(Math.max(p, 0), 1);
    const fill = element("div", { className: "fill" });
    fill.style.width = (100 * share).toFixed(2) + "%";
    const percent = p === null ? "–" : (100 * p).toFixed(1) + " %";
    at("bars").append(element("div", { className: name === String(label) ? "bar best" : "bar", role: "listitem" },
      element("span", { className: "class", textContent: name, title: name }), element("div", { className: "track" }, fill),
      element("span", { textContent: percent })));
  }
};

const predict = async (event) => {
  event.preventDefault();
  problem("");
  const text = body();
  at("predict").disabled = true;
  const started = performance.now();
  try {
    const answer = await ask("predict?details=true", { method: "POST", headers: { "Content-Type": "application/json" }, body: text });
    const took = performance.now() - started;
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error || answer.statusText);
    at("target").textContent = model.target;
    at("label").textContent = said[model.target];
    bars(said.probabilities, said[model.target]);
    facts(at("about-answer"), [["Version", said.version], ["Request", answer.headers.get("X-Request-Id")], ["Time", took.toFixed(1) + " ms, with the way here and back"]]);
    const quoted = text.replaceAll("'", "'\\''");
    at("curl").textContent = `curl '${new URL("predict", location.href)}' -H 'Content-Type: application/json' -d '${quoted}'`;
    at("waiting").hidden = true;
    at("result").hidden = false;
  } catch (error) {
    problem(error.message);
  } finally {
    at("predict").disabled = false;
  }
};

const show = () => {
  document.title = model.name + " – predictor";
  at("name").textContent = model.name;
  const badges = [];
  if (model.version) badges.push(element("span", { className: "badge strong", textContent: "version " + model.version }));
  for (const alias of model.aliases || []) badges.push(element("span", { className: "badge", textContent: "@" + alias }));
  if (model.from_cache) badges.push(element("span", { className: "badge", textContent: "from the cache" }));
  at("badges").replaceChildren(...badges);
  at("description").textContent = model.description || "";
  at("fields").replaceChildren(...model.columns.map(field));
  const run = model.run_url ? element("a", { href: model.run_url, textContent: model.run_id, rel: "noreferrer" }) : model.run_id;
  facts(at("facts"), [["Served as", model.uri], ["Run", run], ["Logged model", model.model_id], ["Registered", time(model.created_at)], ["Loaded", time(model.loaded_at)]]);
  at("no-metrics").hidden = !model.mlflow_error && Object.keys(model.metrics).length > 0;
  at("no-metrics").textContent = model.mlflow_error ? "MLflow is not reached: " + model.mlflow_error : "Its run has none.";
  at("metrics").replaceChildren(...Object.entries(model.metrics).sort().map(([name, value]) =>
    element("tr", {}, element("th", { scope: "row", textContent: name }), element("td", { textContent: number(value) }))));
};

const time = (text) => (text ? new Date(text).toLocaleString() : "");
const number = (value) => (typeof value !== "number" ? String(value) : Number.isInteger(value) ? String(value) : value.toPrecision(5));

const load = async () => {
  try {
    const answer = await ask("model");
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error || answer.statusText);
    model = said;
    show();
  } catch (error) {
    problem(error.message);
  }
};

at("form").addEventListener("submit", predict);
load();
