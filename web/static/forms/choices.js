// The list below a picker: its rows come from the server, page by page.
import { $, $$, icon } from "forms/dom.js";

const NEAR = 40; // pixels above the end of the list at which more rows are fetched
const AWAY = { title: "No answer", text: "Check the connection and try again.", href: "" };
export const inputOf = (combo) => $(".combo-input", combo);
export const hiddenOf = (combo) => $("input[type=hidden]", combo);
export const isFree = (combo) => combo.hasAttribute("data-free");
export const mayCreate = (combo) => combo.hasAttribute("data-create");
export const typedIn = (combo) => inputOf(combo).value.trim() && inputOf(combo).value !== inputOf(combo).dataset.chosen;

// What is open now: the picker, its rows, and which of them is marked; -1 is none.
export const shown = { combo: null, items: [], active: -1 };
let [page, more, query, turn, box] = [1, false, "", 0, null];

// `chosen(n)` is called with the number of the row that was clicked.
export function makeList(chosen) {
  box = document.createElement("div");
  box.className = "combo-pop";
  box.popover = "manual";
  box.addEventListener("pointerdown", (event) => { if (!event.target.closest("a")) event.preventDefault(); });
  box.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) chosen(Number(option.dataset.n));
  });
  box.addEventListener("scroll", ({ target: ul }) => {
    if (more && ul.scrollTop + ul.clientHeight > ul.scrollHeight - NEAR) load(page + 1);
  }, true);
}

export const isOpen = (combo) => shown.combo === combo && box.matches(":popover-open");
export const holds = (element) => box.contains(element);

export function open(combo, text) {
  if (shown.combo !== combo) close();
  shown.combo = combo;
  query = text;
  load(1);
}

export function close() {
  turn += 1;
  hide();
  shown.combo = null;
}

function hide() {
  if (box.matches(":popover-open")) box.hidePopover();
  const input = shown.combo && inputOf(shown.combo);
  input?.setAttribute("aria-expanded", "false");
  input?.removeAttribute("aria-activedescendant");
}

async function load(wanted) {
  const { combo } = shown;
  const mine = ++turn;
  more = false;
  const asked = new URLSearchParams({ q: query, page: wanted, about: combo.dataset.about || "" });
  const answer = await fetch(`/forms/pick/${combo.dataset.combo}?${asked}`)
    .then((response) => (response.ok ? response.json() : Promise.reject(response)))
    .catch(() => ({ items: [], more: false, empty: AWAY }));
  if (mine !== turn || shown.combo !== combo || !combo.isConnected) return;
  shown.items = wanted === 1 ? answer.items : [...shown.items, ...answer.items];
  page = wanted;
  more = answer.more;
  if (page === 1) shown.active = first(combo);
  draw(answer.empty);
}

// The row that is marked as the list opens: in a picker of free texts none, or Enter would replace what was typed.
function first(combo) {
  if (isFree(combo)) return -1;
  if (query) return shown.items.length ? 0 : -1;
  return shown.items.findIndex((one) => one.value === hiddenOf(combo)?.value);
}

function draw(empty) {
  const { combo } = shown;
  const input = inputOf(combo);
  const rows = shown.items.map((item, n) => row(n, words(item.label), item.note && item.note !== item.label ? words(item.note, "small") : null));
  if (mayCreate(combo)) {
    const last = row(rows.length, icon("plus"), typedIn(combo) ? `Create “${input.value.trim()}”…` : "Create a new segment…");
    last.className = "create";
    rows.push(last);
  }
  const ul = document.createElement("ul");
  ul.id = "pick-list";
  ul.setAttribute("role", "listbox");
  ul.setAttribute("aria-label", input.getAttribute("aria-label") || input.labels?.[0]?.textContent || "Choices");
  ul.className = "plain";
  ul.append(...rows);
  const inside = rows.length ? [ul] : [];
  if (empty?.title || (!shown.items.length && !isFree(combo))) inside.unshift(nothing(empty, combo));
  const kept = $("ul", box)?.scrollTop || 0;
  box.replaceChildren(...inside);
  if (!inside.length) return hide();
  const host = combo.closest("dialog") || document.body;
  if (box.parentElement !== host) host.append(box);
  if (!box.matches(":popover-open")) box.showPopover();
  ul.scrollTop = kept;
  place();
  input.setAttribute("aria-expanded", String(rows.length > 0));
  input.setAttribute("aria-controls", "pick-list");
  return mark();
}

function row(n, ...inside) {
  const made = document.createElement("li");
  made.id = `pick-${n}`;
  made.setAttribute("role", "option");
  made.dataset.n = n;
  made.append(...inside.filter(Boolean));
  return made;
}

function words(text, tag = "span") {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function nothing(empty, combo) {
  const made = document.createElement("div");
  made.className = "combo-empty";
  made.setAttribute("role", "note");
  made.append(words(empty?.title || "Nothing matches", "b"), words(empty?.title ? empty.text : "Try fewer letters.", "p"));
  if (empty?.href && !mayCreate(combo)) {
    const link = words(empty.action, "a");
    link.href = empty.href;
    made.append(link);
  }
  return made;
}

function place() {
  const anchor = shown.combo.getBoundingClientRect();
  const width = Math.min(Math.max(anchor.width, 240), innerWidth - 16);
  box.style.inlineSize = `${width}px`;
  const below = innerHeight - anchor.bottom - 12;
  const up = below < 180 && anchor.top > below;
  box.style.maxBlockSize = `${Math.max(120, Math.min(320, up ? anchor.top - 12 : below))}px`;
  box.style.left = `${Math.min(Math.max(8, anchor.left), innerWidth - width - 8)}px`;
  box.style.top = up ? `${anchor.top - box.offsetHeight - 4}px` : `${anchor.bottom + 4}px`;
}

function mark() {
  const input = inputOf(shown.combo);
  for (const one of $$("[role=option]", box)) {
    const is = Number(one.dataset.n) === shown.active;
    one.setAttribute("aria-selected", String(is));
    if (is) one.scrollIntoView({ block: "nearest" });
  }
  if (shown.active >= 0) input.setAttribute("aria-activedescendant", `pick-${shown.active}`);
  else input.removeAttribute("aria-activedescendant");
}

// Mark another row, so many below.
export function step(by) {
  const count = $$("[role=option]", box).length;
  if (!count) return;
  shown.active = Math.min(Math.max(shown.active + by, 0), count - 1);
  mark();
  if (more && shown.active > count - 4) load(page + 1);
}

addEventListener("resize", () => { if (shown.combo) close(); });
document.addEventListener("scroll", (event) => {
  if (!shown.combo || holds(event.target)) return;
  if (shown.combo.isConnected && box.matches(":popover-open")) place();
  else close();
}, true);
