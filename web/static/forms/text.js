// Texts in which values of the customer can stand: a menu puts them in, and one sees how a customer reads the text.
import { $, fragment, send, told } from "forms/dom.js";

const PAUSE = 300; // milliseconds after the last key

document.addEventListener("change", (event) => {
  const menu = event.target.closest?.("[data-insert]");
  if (!menu) return;
  event.stopPropagation();
  const field = document.getElementById(menu.dataset.insert);
  const text = menu.value;
  menu.value = "";
  if (!text) return;
  field.focus();
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  told(field, "input");
}, true);

const timers = new Map();
document.addEventListener("input", (event) => {
  const { id } = event.target;
  if (!id || !$(`[data-preview="${CSS.escape(id)}"]`)) return;
  clearTimeout(timers.get(id));
  timers.set(id, setTimeout(() => read(id, event.target.value), PAUSE));
});

async function read(id, text) {
  const place = document.getElementById(id)?.closest("form")?.dataset.place || "";
  const response = await send("/forms/preview", new URLSearchParams({ text, place })).catch(() => null);
  const box = $(`[data-preview="${CSS.escape(id)}"]`);
  if (response?.ok && box && document.getElementById(id)?.value === text) box.replaceChildren(fragment(await response.text()));
}
