// How many customers a rule fits: asked again as one types; an older answer never replaces a newer one.
import { $, $$, fragment, send } from "forms/dom.js";

const PAUSE = 450; // milliseconds after the last key
const KEPT = 60; // answers
const FRESH = 60_000; // milliseconds for which an answer is good
const known = new Map();
const wanted = new Map();
const running = new Map();
const timers = new Map();

function asked(box) {
  const path = box.dataset.ruleCount;
  const fields = [...new FormData(box.closest("form"))].filter(([name]) => name === path || name.startsWith(`${path}.`));
  return new URLSearchParams([...fields, ["_path", path]]).toString();
}

function count(box, wait = PAUSE) {
  const body = asked(box);
  const { id } = box;
  if (wanted.get(id) === body && (timers.has(id) || running.has(id))) return box.classList.add("busy");
  wanted.set(id, body);
  clearTimeout(timers.get(id));
  timers.delete(id);
  running.get(id)?.abort();
  running.delete(id);
  if (known.has(body)) return fill(box, known.get(body));
  box.classList.add("busy");
  return timers.set(id, setTimeout(() => {
    timers.delete(id);
    ask(id, body);
  }, wait));
}

async function ask(id, body) {
  const stop = new AbortController();
  running.set(id, stop);
  try {
    const response = await send("/forms/count", new URLSearchParams(body), { signal: stop.signal });
    if (!response.ok) throw new Error(response.status);
    known.set(body, await response.text());
    if (known.size > KEPT) known.delete(known.keys().next().value);
    setTimeout(() => known.delete(body), FRESH);
  } catch (error) {
    if (error.name !== "AbortError") known.set(body, "");
  } finally {
    if (running.get(id) === stop) running.delete(id);
  }
  const box = document.getElementById(id);
  if (box && wanted.get(id) === body && known.has(body)) fill(box, known.get(body));
}

function fill(box, html) {
  box.classList.remove("busy");
  if (box.dataset.filled === html && box.childElementCount) return;
  box.dataset.filled = html;
  box.replaceChildren(fragment(html));
}

// Counts that nobody has asked yet. Those of folded rows wait until they are opened.
export function look() {
  for (const box of $$("[data-rule-count]")) if (!box.childElementCount && !box.closest("details:not([open])")) count(box, 0);
}

for (const type of ["input", "change"]) {
  document.addEventListener(type, (event) => {
    const rule = event.target.closest?.(".rule");
    const box = rule && $("[data-rule-count]", rule);
    if (box) count(box);
  });
}
new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["open"] });
look();
