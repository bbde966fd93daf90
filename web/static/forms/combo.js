// Pickers: a text field with a list below it. The hidden field beside it holds the value and is what the form sends.
import { told } from "forms/dom.js";
import { close as hide, hiddenOf, holds, inputOf, isFree, isOpen, makeList, open, shown, step, typedIn } from "forms/choices.js";

export { inputOf };
const PAUSE = 140; // milliseconds after the last key
const PAGE = 8; // rows
let timer = 0;

const comboOf = (target) => target.closest?.(".combo-input")?.closest(".combo");
function close() {
  clearTimeout(timer);
  hide();
}

function choose(n) {
  const { combo } = shown;
  if (!combo) return;
  const item = shown.items[n];
  const name = typedIn(combo) ? inputOf(combo).value.trim() : "";
  close();
  if (item) return settle(combo, item.value, item.label);
  inputOf(combo).value = inputOf(combo).dataset.chosen;
  return combo.dispatchEvent(new CustomEvent("wayfare:create", { bubbles: true, detail: { name } }));
}
makeList(choose);

// Let a picker hold a value that is called `label`.
export function settle(combo, value, label) {
  const input = inputOf(combo);
  if (combo.dataset.append) return append(combo, value);
  const hidden = hiddenOf(combo);
  input.value = label;
  input.dataset.chosen = label;
  if (hidden.value === value) return undefined;
  hidden.value = value;
  return told(hidden);
}

// A picker beside an area of lines adds one more of them.
function append(combo, value) {
  const area = document.getElementById(combo.dataset.append);
  const lines = area.value.split("\n").filter((line) => line.trim());
  if (value && !lines.includes(value)) lines.push(value);
  area.value = lines.join("\n");
  inputOf(combo).value = "";
  told(area, "input");
  told(area);
}

// What was typed counts when it is a row of the list, or where anything may be typed; else the old value stays.
function commit(combo) {
  const input = inputOf(combo);
  const typed = input.value.trim();
  if (input.value === input.dataset.chosen) return;
  const is = (text) => text.toLowerCase() === typed.toLowerCase();
  const same = shown.combo === combo && shown.items.find((one) => is(one.label) || is(one.value));
  if (!typed) settle(combo, "", "");
  else if (same) settle(combo, same.value, same.label);
  else if (isFree(combo)) settle(combo, typed, typed);
  else input.value = input.dataset.chosen;
}

for (const type of ["input", "change"]) {
  // What is typed to search is no value yet: whoever saves on input must not see it.
  document.addEventListener(type, (event) => {
    const combo = comboOf(event.target);
    if (!combo) return;
    event.stopPropagation();
    if (type === "change") return;
    clearTimeout(timer);
    timer = setTimeout(() => open(combo, inputOf(combo).value.trim()), PAUSE);
  }, true);
}

function pressed(event, combo) {
  const is = isOpen(combo);
  switch (event.key) {
    case "ArrowDown":
    case "ArrowUp":
      if (is) step(event.key === "ArrowDown" ? 1 : -1);
      else open(combo, "");
      return true;
    case "PageDown":
    case "PageUp":
      if (is) step(event.key === "PageDown" ? PAGE : -PAGE);
      return is;
    case "Enter":
      if (is && shown.active >= 0) choose(shown.active);
      else {
        commit(combo);
        close();
      }
      return true;
    case "Escape":
      if (!is && !typedIn(combo)) return false;
      inputOf(combo).value = inputOf(combo).dataset.chosen;
      close();
      return true;
    case "Tab":
      if (is && shown.active >= 0 && typedIn(combo)) choose(shown.active);
      else commit(combo);
      close();
      return false;
    default:
      return false;
  }
}
document.addEventListener("keydown", (event) => {
  const combo = comboOf(event.target);
  if (!combo) return;
  const isDone = pressed(event, combo);
  if (isDone) event.preventDefault();
  if (isDone || !["Tab", "Escape"].includes(event.key)) event.stopPropagation(); // keys of the canvas are not meant while one types
}, true);

document.addEventListener("focusout", (event) => {
  const combo = comboOf(event.target);
  if (!combo || holds(event.relatedTarget)) return;
  commit(combo);
  if (shown.combo === combo) close();
});
document.addEventListener("pointerdown", (event) => {
  const button = event.target.closest?.(".combo-open");
  const input = event.target.closest?.(".combo-input");
  const combo = (button || input)?.closest(".combo");
  if (!combo || inputOf(combo).disabled) return;
  if (button) {
    event.preventDefault();
    inputOf(combo).focus();
  }
  if (isOpen(combo)) return close();
  open(combo, "");
  return input && setTimeout(() => inputOf(combo).select());
});
