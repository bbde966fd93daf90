// Small things that every part of the forms needs.
export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
export const told = (element, type = "change") => element.dispatchEvent(new Event(type, { bubbles: true }));

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

export function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

// Post to the server as htmx does, so that it answers with a part of a page.
export function send(address, body, more = {}) {
  const token = $('meta[name="csrf-token"]').content;
  return fetch(address, { method: "POST", body, headers: { "X-CSRF-Token": token, "HX-Request": "true", ...more.headers }, signal: more.signal });
}

export const failed = (title, text) => document.dispatchEvent(new CustomEvent("wayfare:failed", { detail: { title, text } }));
