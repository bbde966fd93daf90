// The cube: a cell is read by pointing, tapping or with the arrow keys; on the page of groups cells are ticked by dragging.
"use strict";
(() => {
  const told = () => document.getElementById("cell-told");
  function tell(cell) {
    const box = told();
    if (!box) return;
    const [r, f, m] = cell.dataset.cell.split("-");
    const name = document.createElement("a");
    name.href = `#group-${cell.dataset.group}`;
    name.textContent = cell.dataset.name;
    const dot = document.createElement("i");
    dot.className = `dot g-${cell.dataset.group}`;
    const text = document.createElement("span");
    text.textContent = `R ${r} · F ${f} · M ${m}`;
    const numbers = document.createElement("b");
    numbers.textContent = `${cell.dataset.customers} customers`;
    const rest = document.createElement("span");
    rest.textContent = `${cell.dataset.share} of all · ${cell.dataset.spent} spent · ${cell.dataset.average} each`;
    box.replaceChildren(dot, name, text, numbers, rest);
    for (const other of document.querySelectorAll(".cell.read")) other.classList.remove("read");
    cell.classList.add("read");
  }
  for (const type of ["pointerover", "focusin", "click"]) {
    document.addEventListener(type, (event) => {
      const cell = event.target.closest?.("[data-cell]");
      if (cell) tell(cell);
    });
  }
  // One stop of the Tab key for each sheet; arrows move within it, and on to the next sheet at its edge.
  function prepare() {
    for (const sheet of document.querySelectorAll(".sheet")) {
      const first = sheet.querySelector("button.cell");
      if (first && !sheet.querySelector('button.cell[tabindex="0"]')) first.tabIndex = 0;
    }
    const group = document.querySelector("[data-cube]");
    const chosen = group?.querySelector(".cube-switch input:checked");
    if (group && chosen) group.dataset.shown = chosen.value;
  }
  document.addEventListener("change", (event) => {
    if (event.target.closest?.(".cube-switch")) prepare();
  });
  document.addEventListener("keydown", (event) => {
    const cell = event.target.closest?.("button.cell, label.cell");
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!cell || !step) return;
    const row = cell.closest("tr"), rows = [...row.parentElement.querySelectorAll("tr:not(.axis)")];
    const cells = [...row.querySelectorAll(".cell")];
    const y = rows.indexOf(row) + step[0], x = cells.indexOf(cell) + step[1];
    let next = rows[y]?.querySelectorAll(".cell")[x];
    if (!next && step[1]) {
      const sheets = [...document.querySelectorAll(".sheet")];
      const sheet = sheets[sheets.indexOf(cell.closest(".sheet")) + step[1]];
      const line = sheet?.querySelectorAll("tr:not(.axis)")[rows.indexOf(row)]?.querySelectorAll(".cell");
      next = line?.[step[1] > 0 ? 0 : line.length - 1];
    }
    if (!next) return;
    event.preventDefault();
    if (next.matches("button")) {
      cell.tabIndex = -1;
      next.tabIndex = 0;
    }
    (next.querySelector("input") || next).focus();
  });

  // Ticking by dragging: every cell that is passed becomes what the first one became. A touch scrolls and taps as usual.
  let becomes = null;
  document.addEventListener("pointerdown", (event) => {
    const cell = event.target.closest?.("[data-mapping] label.cell");
    if (!cell || event.pointerType === "touch" || event.button !== 0) return;
    event.preventDefault();
    const box = cell.querySelector("input");
    becomes = !box.checked;
    box.checked = becomes;
    box.focus();
  });
  document.addEventListener("pointerover", (event) => {
    const cell = becomes === null ? null : event.target.closest?.("[data-mapping] label.cell");
    if (cell) cell.querySelector("input").checked = becomes;
  });
  document.addEventListener("pointerup", () => {
    if (becomes === null) return;
    becomes = null;
    document.querySelector("[data-mapping]")?.dispatchEvent(new CustomEvent("picked", { bubbles: true }));
  });
  document.addEventListener("click", (event) => {
    const cell = event.target.closest?.("[data-mapping] label.cell");
    if (cell && event.pointerType === "mouse" && event.detail) event.preventDefault();  // done when the button went down
    if (!event.target.closest?.("[data-unpick]")) return;
    const form = event.target.closest("form");
    for (const box of form.querySelectorAll("input[name=cell]")) box.checked = false;
    form.dispatchEvent(new CustomEvent("picked", { bubbles: true }));
  });
  document.addEventListener("DOMContentLoaded", prepare);
})();
