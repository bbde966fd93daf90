// A list of step types to choose from, beside what asked for it: type to search, arrows, Enter.
import { $$, element, icon, matches } from "./dom.js";

export const CATEGORIES = { trigger: "Start", flow: "Flow", action: "Actions" };

// Return [category label, [[key, type], ...]] in the order of the categories, others behind them.
export function groups(types, keep = () => true) {
  const found = new Map(Object.entries(CATEGORIES).map(([key, label]) => [key, [label, []]]));
  for (const entry of Object.entries(types)) {
    const { category } = entry[1];
    if (!keep(...entry)) continue;
    if (!found.has(category)) found.set(category, [category, []]);
    found.get(category)[1].push(entry);
  }
  return [...found.entries()].filter(([, [, list]]) => list.length);
}

export function typeWords(key, type) {
  return [element("span", { class: "step-icon" }, icon(type.icon)), element("span", { class: "step-text" }, element("b", {}, type.label), element("span", {}, firstSentence(type.help)))];
}

export const firstSentence = (text) => /^.*?[.!?](?=\s|$)/s.exec(text || "")?.[0] || text || "";

// `more` are other things to choose: [{label, summary, icon, go}] in a group of its own with the title `moreTitle`.
export function openPicker({ types, keep, at, title, choose, more = [], moreTitle = "" }) {
  document.querySelector(".picker")?.remove();
  const list = element("div", { class: "picker-list", id: "picker-list", role: "listbox", "aria-label": title });
  const search = element("input", { class: "input", type: "search", role: "combobox", placeholder: title, "aria-label": title, "aria-controls": "picker-list", "aria-expanded": "true", "aria-autocomplete": "list", autocomplete: "off", maxlength: "60" });
  const box = element("div", { class: "picker", role: "dialog", "aria-label": title }, element("div", { class: "find" }, icon("search"), search), list);
  let current = null;

  function close(isBack = true) {
    box.remove();
    document.removeEventListener("pointerdown", outside, true);
    if (isBack && at.from?.isConnected) at.from.focus({ preventScroll: true });
    else if (isBack) at.back?.();
  }
  const outside = (event) => { if (!box.contains(event.target)) close(false); };
  const mark = (option) => {
    current?.setAttribute("aria-selected", "false");
    current = option || null;
    current?.setAttribute("aria-selected", "true");
    search.setAttribute("aria-activedescendant", current?.id || "");
    current?.scrollIntoView({ block: "nearest" });
  };
  const options = () => $$("[role=option]", list);

  function draw() {
    const query = search.value.trim();
    list.replaceChildren();
    let number = 0;
    const option = (attributes, go, ...inside) => element("div", { role: "option", id: `pick-${number++}`, "aria-selected": "false", onclick: () => { close(false); go(); }, onpointermove: (event) => mark(event.currentTarget), ...attributes }, ...inside);
    const group = (label, made) => { if (made.length) list.append(element("div", { role: "group", "aria-label": label }, element("h3", { "aria-hidden": "true" }, label), ...made)); };
    for (const [category, [label, entries]] of groups(types, keep)) {
      const made = entries.filter(([, type]) => matches(query, type.label, type.help, label)).map(([key, type]) => option({ class: `pick ${category}`, "data-type": key }, () => choose(key), ...typeWords(key, type)));
      group(label, made);
    }
    const others = more.filter((one) => matches(query, one.label, one.summary)).slice(0, 40);
    group(moreTitle, others.map((one) => option({ class: `pick ${one.category}` }, one.go, element("span", { class: "step-icon" }, icon(one.icon)), element("span", { class: "step-text" }, element("b", {}, one.label), element("span", {}, one.summary)))));
    if (!options().length) list.append(element("p", { class: "picker-none" }, `No step is called “${query}”.`));
    mark(options()[0]);
  }

  search.addEventListener("input", draw);
  box.addEventListener("keydown", (event) => {
    const all = options();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) mark(all[(all.indexOf(current) + step + all.length) % all.length]);
    else if (event.key === "Enter") current?.click();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.body.append(box);
  draw();
  const { width, height } = box.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.x - width / 2, innerWidth - width - 8));
  const below = at.y + height < innerHeight - 8;
  box.style.left = `${left}px`;
  box.style.top = `${below ? at.y : Math.max(8, innerHeight - height - 8)}px`;
  document.addEventListener("pointerdown", outside, true);
  search.focus({ preventScroll: true });
  return close;
}
