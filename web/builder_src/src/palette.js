// The list of step types at the side: search, drag with mouse, pen or finger, Enter adds behind the selected step.
import { $, $$, element } from "./dom.js";
import { search as find, typeWords } from "./picker.js";

const START = 5; // pixels that a pointer moves before it drags

// `on`: add(type), over(type, x, y), drop(type, x, y), dropped()
export function makePalette(draft, on) {
  const box = $("#palette");
  if (!box) return { toggle() {}, draw() {}, isOpen: () => false, search() {} };
  const list = $("#palette-list");
  const search = $("#palette-search");

  function draw() {
    const query = search.value.trim();
    list.replaceChildren();
    for (const [category, [label, found]] of find(draft.types, query)) {
      list.append(element("h2", {}, label), element("ul", { class: "plain", "aria-label": label }, ...found.map(([key, type]) => element("li", {}, item(category, key, type)))));
    }
    if (!list.children.length) list.append(element("p", { class: "picker-none" }, `No step is called “${query}”.`));
  }

  function item(category, key, type) {
    const button = element("button", { type: "button", class: `pick ${category}`, "data-type": key, title: type.help }, ...typeWords(key, type));
    let drag = null;
    button.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      drag = { x: event.clientX, y: event.clientY, ghost: null };
      button.setPointerCapture(event.pointerId);
    });
    button.addEventListener("pointermove", (event) => {
      if (!drag) return;
      if (!drag.ghost) {
        if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < START) return;
        drag.ghost = element("div", { class: "ghost" }, element("div", { class: `step ${category}` }, ...typeWords(key, type)));
        document.body.append(drag.ghost);
        document.body.classList.add("drags");
      }
      drag.ghost.style.transform = `translate(${event.clientX}px, ${event.clientY}px) translate(16px, 14px)`;
      on.over(key, event.clientX, event.clientY);
    });
    const end = (event, isDrop) => {
      const { ghost } = drag || {};
      drag = null;
      if (!ghost) return;
      ghost.remove();
      document.body.classList.remove("drags");
      button.dataset.dragged = "";
      setTimeout(() => delete button.dataset.dragged);
      if (isDrop) on.drop(key, event.clientX, event.clientY);
      else on.dropped();
    };
    button.addEventListener("pointerup", (event) => end(event, true));
    button.addEventListener("pointercancel", (event) => end(event, false));
    button.addEventListener("click", () => { if (!("dragged" in button.dataset)) on.add(key); });
    return button;
  }

  search.addEventListener("input", draw);
  search.addEventListener("keydown", (event) => {
    const first = $("button.pick", list);
    if (event.key === "Enter" && first && search.value.trim()) { event.preventDefault(); on.add(first.dataset.type); }
    else if (event.key === "ArrowDown" && first) { event.preventDefault(); first.focus(); }
    else if (event.key === "Escape") { if (search.value) { search.value = ""; draw(); event.stopPropagation(); } else search.blur(); }
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const all = $$("button.pick", list);
    const next = all[all.indexOf(document.activeElement) + step];
    if (next) next.focus();
    else if (step < 0) search.focus();
  });

  const isOpen = () => !document.body.classList.contains("no-palette");
  return {
    draw, isOpen,
    toggle(open = !isOpen()) {
      document.body.classList.toggle("no-palette", !open);
      for (const button of $$('[data-act="palette"]')) button.setAttribute("aria-expanded", String(open));
      if (open && matchMedia("(pointer: fine)").matches) search.focus({ preventScroll: true }); // a finger's keyboard would cover the list
    },
    search: () => search.focus(),
  };
}
