// A list of step types to choose from, beside what asked for it: type to search, arrows, Enter.
import { $$, begins, element, icon, matches } from "./dom.js";

const ASIDE = 140; // pixels from the middle of a card to what stands beside it
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

// Return the groups that a search finds: what is called so before what only speaks of it.
export function search(types, query, keep) {
  const all = groups(types, keep);
  if (!query) return all;
  const rank = ([, type], label) => {
    const texts = [type.label, `${type.label} ${type.words}`, `${type.label} ${type.words} ${type.help} ${label}`];
    return [begins(query, texts[0]), begins(query, texts[1]), ...texts.map((text) => matches(query, text))].indexOf(true);
  };
  const found = all.map(([category, [label, entries]]) => {
    const ranked = entries.map((entry) => [rank(entry, label), entry]).filter(([at]) => at >= 0).sort((a, b) => a[0] - b[0]);
    return [ranked[0]?.[0] ?? 9, [category, [label, ranked.map(([, entry]) => entry)]]];
  });
  return found.filter(([, [, [, entries]]]) => entries.length).sort((a, b) => a[0] - b[0]).map(([, group]) => group);
}

export function typeWords(key, type) {
  return [element("span", { class: "step-icon" }, icon(type.icon)), element("span", { class: "step-text" }, element("b", {}, type.label), element("span", {}, firstSentence(type.help)))];
}

export const firstSentence = (text) => /^.*?[.!?](?=\s|$)/s.exec(text || "")?.[0] || text || "";

// `more` are other things to choose: [{label, summary, icon, go}] in a group of its own with the title `moreTitle`; `lead` are
// such in a group at the top, as long as nothing is typed. `paste` takes pasted text and says whether it was any use.
export function openPicker({ types, keep, at, title, choose, lead = [], leadTitle = "", more = [], moreTitle = "", paste = null }) {
  document.querySelector(".picker")?.remove();
  const list = element("div", { class: "picker-list", id: "picker-list", role: "listbox", "aria-label": title });
  const input = element("input", { class: "input", type: "search", role: "combobox", placeholder: title, "aria-label": title, "aria-controls": "picker-list", "aria-expanded": "true", "aria-autocomplete": "list", autocomplete: "off", maxlength: "60" });
  const box = element("div", { class: "picker", role: "dialog", "aria-label": title }, element("div", { class: "find" }, icon("search"), input), list);
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
    input.setAttribute("aria-activedescendant", current?.id || "");
    current?.scrollIntoView({ block: "nearest" });
  };
  const options = () => $$("[role=option]", list);

  function draw() {
    const query = input.value.trim();
    list.replaceChildren();
    let number = 0;
    const option = (attributes, go, ...inside) => element("div", { role: "option", id: `pick-${number++}`, "aria-selected": "false", onclick: () => { close(false); go(); }, onpointermove: (event) => mark(event.currentTarget), ...attributes }, ...inside);
    const group = (label, made) => { if (made.length) list.append(element("div", { role: "group", "aria-label": label }, element("h3", { "aria-hidden": "true" }, label), ...made)); };
    const others = (label, list) => group(label, list.map((one) => option({ class: `pick ${one.category}` }, one.go, element("span", { class: "step-icon" }, icon(one.icon)), element("span", { class: "step-text" }, element("b", {}, one.label), element("span", {}, one.summary)))));
    if (!query) others(leadTitle, lead);
    for (const [category, [label, entries]] of search(types, query, keep)) {
      const made = entries.map(([key, type]) => option({ class: `pick ${category}`, "data-type": key }, () => choose(key), ...typeWords(key, type)));
      group(label, made);
    }
    others(moreTitle, more.filter((one) => matches(query, one.label, one.summary)).slice(0, 40));
    if (query) others(leadTitle, lead.filter((one) => matches(query, one.label)));
    if (!options().length) list.append(element("p", { class: "picker-none" }, `No step is called “${query}”.`));
    mark(options()[0]);
  }

  input.addEventListener("input", draw);
  input.addEventListener("paste", (event) => { if (paste?.(event.clipboardData.getData("text/plain"))) { event.preventDefault(); close(false); } });
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
  const inside = (value, size, whole) => Math.max(8, Math.min(value, whole - size - 8));
  const isBelow = at.y + height < innerHeight - 8;
  const aside = at.x + ASIDE + width < innerWidth - 8 ? at.x + ASIDE : at.x - ASIDE - width; // so that the card is seen
  box.style.left = `${inside(isBelow || aside < 8 ? at.x - width / 2 : aside, width, innerWidth)}px`;
  box.style.top = `${inside(at.y, height, innerHeight)}px`;
  document.addEventListener("pointerdown", outside, true);
  input.focus({ preventScroll: true });
  return close;
}
