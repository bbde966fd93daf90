// Find a step by what stands on its card: type, arrows, Enter goes there.
import { $, $$, element, icon, matches } from "./dom.js";

const MOST = 12;

export function makeSeek(draft, go) {
  const box = $("#seek");
  const input = $("input", box);
  const list = $("#seek-list");
  let current = 0;
  let back = null;

  function mark(at) {
    const all = $$("[role=option]", list);
    current = all.length ? (at + all.length) % all.length : 0;
    all.forEach((one, number) => one.setAttribute("aria-selected", String(number === current)));
    input.setAttribute("aria-activedescendant", all[current]?.id || "");
    all[current]?.scrollIntoView({ block: "nearest" });
  }

  function draw() {
    const found = [...draft.graph.nodes.values()].filter((node) => matches(input.value, draft.title(node.id), draft.summary(node.id), node.note, node.id));
    list.replaceChildren(...found.slice(0, MOST).map((node, at) => {
      const type = draft.typeOf(node.id);
      return element("li", { role: "option", id: `seek-${at}`, class: `pick ${type?.category || "missing"}`, "data-node": node.id, "aria-selected": "false", onclick: () => choose(node.id) },
        element("span", { class: "step-icon" }, icon(type?.icon || "puzzle")), element("span", { class: "step-text" }, element("b", {}, draft.title(node.id)), element("span", {}, draft.summary(node.id))));
    }));
    if (found.length > MOST) list.append(element("li", { class: "picker-none", role: "presentation" }, `and ${found.length - MOST} more`));
    if (!found.length) list.append(element("li", { class: "picker-none", role: "presentation" }, "No step says that."));
    mark(0);
  }

  function choose(id) {
    close(false);
    go(id);
  }
  function close(isBack = true) {
    if (box.hidden) return;
    box.hidden = true;
    if (isBack) back?.focus?.();
  }
  input.addEventListener("input", draw);
  input.addEventListener("blur", () => setTimeout(() => { if (!box.contains(document.activeElement)) close(false); }, 150));
  box.addEventListener("pointerdown", (event) => { if (event.target !== input) event.preventDefault(); });
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") mark(current + 1);
    else if (event.key === "ArrowUp") mark(current - 1);
    else if (event.key === "Enter") { const one = $$("[role=option]", list)[current]; if (one) choose(one.dataset.node); }
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return {
    close,
    open() {
      back = document.activeElement;
      box.hidden = false;
      input.value = "";
      draw();
      input.focus();
    },
  };
}
