// Lists that are put into order by dragging their grips, or by the buttons up and down: the same move, saved at once.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const items = (list) => [...list.children].filter((one) => one.dataset.key);
  let held = null;

  async function save(list, item) {
    const body = new URLSearchParams({ order: items(list).map((one) => one.dataset.key).join("\n"), layer: list.dataset.layer || "", of: list.dataset.of || "" });
    const response = await fetch(list.dataset.sort, { method: "POST", body, headers: { "X-CSRF-Token": $('meta[name="csrf-token"]').content, "HX-Request": "true" } }).catch(() => null);
    if (response?.ok) {
      $("#moved").textContent = `${item.dataset.name} is number ${items(list).indexOf(item) + 1} of ${items(list).length}. Saved.`;
    } else {
      document.dispatchEvent(new CustomEvent("wayfare:failed", { detail: { title: "The order was not saved", text: "Load the page again: a colleague may have changed it." } }));
    }
  }

  // The ends have one way only.
  function tidy(list) {
    for (const [place, one] of items(list).entries()) {
      const [up, down] = [$(':scope > .movers [value$=":up"], :scope > .box-top > .movers [value$=":up"]', one), $(':scope > .movers [value$=":down"], :scope > .box-top > .movers [value$=":down"]', one)];
      if (up) up.disabled = place === 0;
      if (down) down.disabled = place === items(list).length - 1;
    }
  }

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.("[data-grip]");
    if (!grip || event.button !== 0) return;
    const item = grip.closest("[data-key]");
    event.preventDefault();
    held = { item, list: item.parentElement, before: items(item.parentElement).map((one) => one.dataset.key).join() };
    grip.setPointerCapture(event.pointerId);
    item.classList.add("held");
  });
  document.addEventListener("pointermove", (event) => {
    if (!held) return;
    const { item, list } = held;
    for (const other of items(list)) {
      if (other === item) continue;
      const box = other.getBoundingClientRect();
      const middle = box.top + box.height / 2;
      const isBelow = item.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (isBelow && event.clientY > middle) other.after(item);
      else if (!isBelow && event.clientY < middle) {
        other.before(item);
        break;
      }
    }
  });
  function drop() {
    if (!held) return;
    const { item, list, before } = held;
    held = null;
    item.classList.remove("held");
    if (items(list).map((one) => one.dataset.key).join() === before) return;
    tidy(list);
    save(list, item);
  }
  document.addEventListener("pointerup", drop);
  document.addEventListener("pointercancel", drop);

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".movers button[name=move]");
    if (!button) return;
    event.preventDefault();
    const item = button.closest("[data-key]");
    const isUp = button.value.endsWith(":up");
    const other = isUp ? item.previousElementSibling : item.nextElementSibling;
    if (!other?.dataset.key) return;
    if (isUp) other.before(item);
    else other.after(item);
    tidy(item.parentElement);
    (button.disabled ? $("button:not(:disabled)", button.parentElement) : button)?.focus();
    save(item.parentElement, item);
  });
})();
