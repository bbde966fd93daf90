// Rows of a form in the builder: which one is open, which settings are folded away, and what gets the focus after a click.
import { $, $$ } from "forms/dom.js";

// Of several long rows one is open. The form carries its number, so that the server draws it so, whatever else has changed.
const state = (fold) => $(":scope > [data-open-row]", fold.closest(".several"));
function draw(box) {
  const open = Number($(":scope > [data-open-row]", box).value);
  for (const [n, fold] of $$(":scope > .row-box > .row-fold", box).entries()) fold.open = n === open;
}
function turn(fold, open = !fold.open) {
  const box = fold.closest(".several");
  const place = $$(":scope > .row-box > .row-fold", box).indexOf(fold);
  state(fold).value = open ? place : -1;
  draw(box);
}
document.addEventListener("click", (event) => {
  const fold = event.target.closest?.("summary")?.closest(".row-fold");
  if (!fold) return;
  event.preventDefault();
  turn(fold);
});

// Open whatever hides an element.
export function unfold(element) {
  for (let fold = element.closest("details"); fold; fold = fold.parentElement.closest("details")) {
    if (fold.matches(".row-fold")) turn(fold, true);
    else fold.open = true;
  }
}

// The server does not know which settings a person has unfolded; what was clicked open stays so when the form comes back.
const unfolded = new Map();
const named = (fold) => `${fold.closest("form")?.action} ${fold.id}`;
document.addEventListener("click", (event) => {
  const fold = event.target.closest?.("summary")?.closest(".more-fields[id]");
  if (fold && !fold.closest("form[data-rule-form]")) unfolded.set(named(fold), !fold.open);
});

// In the builder the form comes back with the answer: what a click has added gets the focus.
let added = null;
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[name=_do]");
  if (!button || button.closest("form[data-rule-form]")) return;
  const [verb, path, place = ""] = button.value.split(":");
  added = path === undefined ? null : { verb, path, place, before: parts(path, verb).length };
}, true);

function parts(path, verb) {
  const isRule = verb.startsWith("rule-");
  const box = isRule ? $(`.rule[data-rule="${CSS.escape(path)}"]`) : document.getElementById(`f-${path.replace(/[^\w-]/g, "-")}`);
  return box ? $$(isRule ? ".rule-part" : ":scope > .row-box", box) : [];
}

function focus({ verb, path, place, before }) {
  const now = parts(path, verb);
  if (now.length > before && /add|group/.test(verb)) {
    const group = verb.startsWith("rule-") && place ? document.getElementById(`r-${path}.${place}`.replaceAll(".", "-")) : null;
    const inside = group ? now.filter((one) => group.contains(one)) : now;
    const fresh = inside.at(-1) || now.at(-1);
    $("select, input:not([type=hidden]):not([type=checkbox]), textarea", fresh)?.focus();
  } else if (document.activeElement === document.body) {
    const last = now.at(-1) || document;
    ($("summary", last) || $("select, input:not([type=hidden])", last))?.focus();
  }
}

document.addEventListener("wayfare:form", () => {
  for (const box of $$(".several:has(> [data-open-row])")) draw(box);
  for (const fold of $$(".more-fields[id]")) {
    const open = unfolded.get(named(fold));
    if (open !== undefined && !$("[aria-invalid=true]", fold)) fold.open = open;
  }
  const click = added;
  added = null;
  if (click) focus(click);
});

// Ticked segments become branches in the order in which they were ticked: the form carries it.
document.addEventListener("change", (event) => {
  const tick = event.target.closest?.(".segment-ticks input[type=checkbox]");
  if (!tick) return;
  const order = $("input[name=_segments]", tick.closest(".segment-ticks"));
  const others = order.value.split(" ").filter((key) => key && key !== tick.value);
  order.value = [...others, ...(tick.checked ? [tick.value] : [])].join(" ");
}, true);

// Whoever leaves the day itself for the days before or after it says next how many.
let moved = null;
document.addEventListener("change", (event) => {
  const way = event.target.closest?.(".around select");
  moved = way && !$("input[inputmode]", way.closest(".around")) ? way.name.replace(/\.way$/, "") : null;
}, true);
document.addEventListener("wayfare:form", () => {
  const amount = moved && $(`.around input[inputmode][name="${CSS.escape(moved)}"]`);
  if (!amount) return;
  moved = null;
  amount.focus();
  amount.select();
});
