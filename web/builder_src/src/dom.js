// Small things that every part needs to make elements.
export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// Return an element: names that begin with "on" are listeners, the others are attributes; null leaves one out.
export function element(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...inside.filter((one) => one !== null && one !== undefined && one !== false));
  return made;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

export const isTyping = (target) => Boolean(target?.closest?.("input, textarea, select, [contenteditable]"));

// A note at the edge of the screen; wayfare.js shows it.
export function say(text, tone = "good") {
  document.dispatchEvent(new CustomEvent("wayfare:notes", { detail: { notes: [[tone, text]] } }));
}

// Words for screen readers only.
export function speak(text) {
  const box = $("#spoken");
  box.textContent = "";
  requestAnimationFrame(() => { box.textContent = text; });
}

// A number with thin spaces between thousands, as everywhere on the pages.
export const count = (number) => Number(number).toLocaleString("en").replaceAll(",", "\u202f");
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;
export const folded = (text) => String(text ?? "").normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
// Say whether every word of `query` is somewhere in the texts.
// Whether every word of the query begins a word: "if" is meant by who types it, and not "gift".
export const begins = (query, ...texts) => {
  const words = folded(texts.join(" ")).split(/[^\p{L}\p{N}]+/u);
  return folded(query).trim().split(/\s+/).every((one) => words.some((word) => word.startsWith(one)));
};
export const matches = (query, ...texts) => {
  const all = folded(texts.join(" "));
  return folded(query).split(/\s+/).every((word) => all.includes(word));
};
