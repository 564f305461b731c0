// What both pages need: requests with the token, if one is wanted, and elements without any HTML in text.
"use strict";

const ask = async (path, options = {}) => {
  const headers = new Headers(options.headers);
  const token = sessionStorage.getItem("token");
  if (token) headers.set("Authorization", "Bearer " + token);
  const answer = await fetch(path, { ...options, headers, credentials: "omit" });
  if (answer.status === 401) wantToken();
  return answer;
};

// wantToken shows the form for the token; whoever fills it in has the page loaded anew.
const wantToken = () => {
  const form = document.getElementById("token-form");
  form.hidden = false;
  form.onsubmit = (event) => {
    event.preventDefault();
    sessionStorage.setItem("token", document.getElementById("token").value.trim());
    location.reload();
  };
};

// element makes one; a property that is no property of elements becomes an attribute.
const element = (name, properties = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
};

const problem = (text) => {
  const line = document.getElementById("problem");
  line.hidden = !text;
  line.textContent = text || "";
};
