// The page of the API: each operation of openapi.json, with what it takes, what it answers, and a button to send it.
"use strict";

let api = null;

// resolve follows $ref.
const resolve = (part) => {
  while (part && part.$ref) part = part.$ref.slice(2).split("/").reduce((of, name) => of[name.replaceAll("~1", "/").replaceAll("~0", "~")], api);
  return part || {};
};

const exampleOf = (content) => {
  if (content.example !== undefined) return content.example;
  for (const one of Object.values(content.examples || {})) return resolve(one).value;
  return resolve(content.schema).example ?? "";
};

const pretty = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

const operation = (path, method, about) => {
  const inputs = (about.parameters || []).map(resolve).map((p) => ({
    about: p, input: element("input", { type: "text", value: p.example ?? resolve(p.schema).default ?? "", "aria-label": p.name }),
  }));
  const parts = [element("p", { textContent: about.description || about.summary || "" })];
  if (inputs.length > 0) {
    parts.push(element("h4", { textContent: "Parameters" }));
    for (const { about: p, input } of inputs) {
      parts.push(element("div", { className: "field" }, element("span", {}, p.name, element("small", { textContent: p.in + (p.description ? ": " + p.description : "") })), input));
    }
  }
  const content = resolve(about.requestBody).content || {};
  const types = Object.keys(content);
  const type = element("select", { "aria-label": "type of the body" }, ...types.map((name) => element("option", { value: name, textContent: name })));
  const text = element("textarea", { spellcheck: false, "aria-label": "body" });
  const fill = () => { text.value = pretty(exampleOf(content[type.value])); };
  if (types.length > 0) {
    type.addEventListener("change", fill);
    fill();
    parts.push(element("h4", { textContent: "Body" }), type, text);
    parts.push(element("details", {}, element("summary", { textContent: "Schema" }), element("pre", { tabIndex: 0, textContent: pretty(whole(content[types[0]].schema)) })));
  }
  const result = element("div", { "aria-live": "polite" });
  const send = element("button", { className: "main", type: "button", textContent: "Send" });
  send.addEventListener("click", () => sendIt(path, method, inputs, types.length > 0 ? { type: type.value, text: text.value } : null, result, send));
  parts.push(element("div", { className: "row" }, send), result, element("h4", { textContent: "Answers" }));
  parts.push(element("table", {}, element("tbody", {}, ...Object.entries(about.responses).map(([status, answer]) =>
    element("tr", {}, element("th", { scope: "row", textContent: status }), element("td", { textContent: resolve(answer).description }))))));
  return element("details", { className: "card operation", id: (method + path).replaceAll(/[^a-z0-9]+/gi, "-") },
    element("summary", {}, element("span", { className: "method", textContent: method.toUpperCase() }), element("code", { textContent: path }),
      element("span", { className: "quiet", textContent: about.summary || "" })), ...parts);
};

// whole puts what references lead to into a schema.
const whole = (schema, depth = 0) => {
  schema = resolve(schema);
  if (depth > 6 || typeof schema !== "object" || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map((part) => whole(part, depth + 1));
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, typeof value === "object" ? whole(value, depth + 1) : value]));
};

const sendIt = async (path, method, inputs, body, result, button) => {
  const query = new URLSearchParams();
  const headers = {};
  for (const { about: p, input } of inputs) {
    if (p.in === "path") path = path.replace("{" + p.name + "}", encodeURIComponent(input.value));
    else if (input.value !== "" && p.in === "query") query.set(p.name, input.value);
    else if (input.value !== "" && p.in === "header") headers[p.name] = input.value;
  }
  if (body) headers["Content-Type"] = body.type;
  button.disabled = true;
  try {
    const answer = await ask(path.slice(1) + (query.size > 0 ? "?" + query : ""), { method: method.toUpperCase(), headers, body: body ? body.text : undefined });
    let said = await answer.text();
    if ((answer.headers.get("Content-Type") || "").includes("json")) {
      try { said = pretty(JSON.parse(said)); } catch { /* shown as it came */ }
    }
    const heads = [...answer.headers].map(([name, value]) => name + ": " + value).join("\n");
    result.replaceChildren(element("p", { className: "status", textContent: answer.status + " " + answer.statusText }), element("pre", { tabIndex: 0, textContent: said }),
      element("details", {}, element("summary", { textContent: "Headers" }), element("pre", { textContent: heads })));
  } catch (error) {
    result.replaceChildren(element("p", { role: "alert", textContent: error.message }));
  } finally {
    button.disabled = false;
  }
};

const load = async () => {
  try {
    const answer = await ask("openapi.json");
    api = await answer.json();
    if (!answer.ok) throw new Error(api.error || answer.statusText);
    document.getElementById("title").textContent = api.info.title;
    document.getElementById("description").textContent = api.info.description || "";
    const list = document.getElementById("operations");
    for (const { name, description } of api.tags) {
      const operations = [];
      for (const [path, item] of Object.entries(api.paths)) {
        for (const [method, about] of Object.entries(item)) {
          if ((about.tags || [])[0] === name) operations.push(operation(path, method, about));
        }
      }
      if (operations.length > 0) list.append(element("section", { className: "wide" }, element("h2", { textContent: description || name }), ...operations));
    }
  } catch (error) {
    problem(error.message);
  }
};

load();
