// Forms made by the server: pickers, the rule editor, live counts, texts with variables.
// Everything is delegated from the document, so parts that arrive later, or are morphed, work at once.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const token = () => $('meta[name="csrf-token"]').content;
  const told = (element, type = "change") => element.dispatchEvent(new Event(type, { bubbles: true }));

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
    svg.append(use);
    return svg;
  }
  function fragment(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content;
  }
  async function send(address, body, more = {}) {
    const headers = { "X-CSRF-Token": token(), "HX-Request": "true", ...more.headers };
    return fetch(address, { method: "POST", body, headers, signal: more.signal });
  }
  const failed = (title, text) => document.dispatchEvent(new CustomEvent("wayfare:failed", { detail: { title, text } }));

  // ---- Pickers: a combobox whose rows come from the server, page by page ----
  const pick = { combo: null, items: [], active: -1, page: 1, more: false, query: "", turn: 0, timer: 0, box: null };

  function list() {
    if (!pick.box) {
      pick.box = document.createElement("div");
      pick.box.className = "combo-pop";
      pick.box.popover = "manual";
      pick.box.addEventListener("pointerdown", (event) => { if (!event.target.closest("a")) event.preventDefault(); });
      pick.box.addEventListener("click", (event) => {
        const option = event.target.closest("[role=option]");
        if (option) choose(Number(option.dataset.n));
      });
      pick.box.addEventListener("scroll", (event) => {
        const ul = event.target;
        if (pick.more && ul.scrollTop + ul.clientHeight > ul.scrollHeight - 40) load(pick.page + 1);
      }, true);
    }
    return pick.box;
  }
  const inputOf = (combo) => $(".combo-input", combo);
  const hiddenOf = (combo) => $("input[type=hidden]", combo);

  function open(combo, query) {
    if (pick.combo !== combo) close();
    pick.combo = combo;
    pick.query = query;
    load(1);
  }
  async function load(page) {
    const { combo, query } = pick;
    const turn = ++pick.turn;
    pick.more = false;
    const about = combo.dataset.about || "";
    const address = `/forms/pick/${combo.dataset.combo}?${new URLSearchParams({ q: query, page, about })}`;
    let answer;
    try {
      const response = await fetch(address);
      if (!response.ok) throw new Error(response.status);
      answer = await response.json();
    } catch {
      answer = { items: [], more: false, empty: { title: "No answer", text: "Check the connection and try again.", href: "" } };
    }
    if (turn !== pick.turn || pick.combo !== combo || !combo.isConnected) return;
    pick.items = page === 1 ? answer.items : [...pick.items, ...answer.items];
    pick.page = page;
    pick.more = answer.more;
    pick.active = page === 1 ? (query || combo.hasAttribute("data-free") ? -1 : pick.items.findIndex((one) => one.value === hiddenOf(combo)?.value)) : pick.active;
    if (query && page === 1 && !combo.hasAttribute("data-free")) pick.active = pick.items.length ? 0 : -1;
    show(answer.empty);
  }
  function show(empty) {
    const { combo } = pick;
    const input = inputOf(combo);
    const box = list();
    const rows = pick.items.map((item, n) => {
      const row = document.createElement("li");
      row.id = `pick-${n}`;
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", String(n === pick.active));
      row.dataset.n = n;
      const label = document.createElement("span");
      label.textContent = item.label;
      row.append(label);
      if (item.note && item.note !== item.label) {
        const note = document.createElement("small");
        note.textContent = item.note;
        row.append(note);
      }
      return row;
    });
    if (combo.hasAttribute("data-create")) {
      const row = document.createElement("li");
      row.id = `pick-${rows.length}`;
      row.className = "create";
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", String(pick.active === rows.length));
      row.dataset.n = rows.length;
      row.append(icon("plus"), typedIn(combo) ? `Create “${input.value.trim()}”…` : "Create a new segment…");
      rows.push(row);
    }
    const ul = document.createElement("ul");
    ul.id = "pick-list";
    ul.setAttribute("role", "listbox");
    ul.setAttribute("aria-label", input.getAttribute("aria-label") || input.labels?.[0]?.textContent || "Choices");
    ul.className = "plain";
    ul.append(...rows);
    const parts = rows.length ? [ul] : [];
    if (empty?.title || (!pick.items.length && !combo.hasAttribute("data-free"))) parts.unshift(nothing(empty, combo));
    const kept = $("ul", box)?.scrollTop || 0;
    box.replaceChildren(...parts);
    if (!parts.length) return hide();
    const host = combo.closest("dialog") || document.body;
    if (box.parentElement !== host) host.append(box);
    if (!box.matches(":popover-open")) box.showPopover();
    ul.scrollTop = kept;
    place();
    input.setAttribute("aria-expanded", String(rows.length > 0));
    input.setAttribute("aria-controls", "pick-list");
    mark();
  }
  function nothing(empty, combo) {
    const box = document.createElement("div");
    box.className = "combo-empty";
    box.setAttribute("role", "note");
    const title = document.createElement("b");
    title.textContent = empty?.title || "Nothing matches";
    const text = document.createElement("p");
    text.textContent = empty?.title ? empty.text : "Try fewer letters.";
    box.append(title, text);
    if (empty?.href && !combo.hasAttribute("data-create")) {
      const link = document.createElement("a");
      link.href = empty.href;
      link.textContent = empty.action;
      box.append(link);
    }
    return box;
  }
  function place() {
    const anchor = pick.combo.getBoundingClientRect();
    const box = list();
    const width = Math.min(Math.max(anchor.width, 240), innerWidth - 16);
    box.style.inlineSize = `${width}px`;
    const below = innerHeight - anchor.bottom - 12;
    const up = below < 180 && anchor.top > below;
    box.style.maxBlockSize = `${Math.max(120, Math.min(320, up ? anchor.top - 12 : below))}px`;
    box.style.left = `${Math.min(Math.max(8, anchor.left), innerWidth - width - 8)}px`;
    box.style.top = up ? `${anchor.top - box.offsetHeight - 4}px` : `${anchor.bottom + 4}px`;
  }
  function mark() {
    const input = inputOf(pick.combo);
    for (const row of $$("[role=option]", list())) {
      const is = Number(row.dataset.n) === pick.active;
      row.setAttribute("aria-selected", String(is));
      if (is) row.scrollIntoView({ block: "nearest" });
    }
    if (pick.active >= 0) input.setAttribute("aria-activedescendant", `pick-${pick.active}`);
    else input.removeAttribute("aria-activedescendant");
  }
  function hide() {
    const box = list();
    if (box.matches(":popover-open")) box.hidePopover();
    if (pick.combo) {
      const input = inputOf(pick.combo);
      input?.setAttribute("aria-expanded", "false");
      input?.removeAttribute("aria-activedescendant");
    }
  }
  function close() {
    clearTimeout(pick.timer);
    pick.turn += 1;
    hide();
    pick.combo = null;
  }
  const isOpen = (combo) => pick.combo === combo && list().matches(":popover-open");
  const typedIn = (combo) => inputOf(combo).value.trim() && inputOf(combo).value !== inputOf(combo).dataset.chosen;

  function step(by) {
    const count = $$("[role=option]", list()).length;
    if (!count) return;
    pick.active = Math.min(Math.max(pick.active + by, 0), count - 1);
    mark();
    if (pick.more && pick.active > count - 4) load(pick.page + 1);
  }
  function choose(n) {
    const { combo } = pick;
    if (!combo) return;
    if (n >= pick.items.length) {
      const typed = typedIn(combo) ? inputOf(combo).value.trim() : "";
      close();
      create(combo, typed);
      return;
    }
    const item = pick.items[n];
    close();
    settle(combo, item.value, item.label);
  }
  function settle(combo, value, label) {
    const input = inputOf(combo);
    if (combo.dataset.append) {
      const area = document.getElementById(combo.dataset.append);
      const lines = area.value.split("\n").filter((line) => line.trim());
      if (value && !lines.includes(value)) lines.push(value);
      area.value = lines.join("\n");
      input.value = "";
      told(area, "input");
      told(area);
      return;
    }
    const hidden = hiddenOf(combo);
    input.value = label;
    input.dataset.chosen = label;
    if (hidden.value !== value) {
      hidden.value = value;
      told(hidden);
    }
  }
  function commit(combo) {
    const input = inputOf(combo);
    const typed = input.value.trim();
    if (input.value === input.dataset.chosen) return;
    const same = pick.combo === combo && pick.items.find((one) => [one.label, one.value].some((text) => text.toLowerCase() === typed.toLowerCase()));
    if (!typed) settle(combo, "", "");
    else if (same) settle(combo, same.value, same.label);
    else if (combo.hasAttribute("data-free")) settle(combo, typed, typed);
    else input.value = input.dataset.chosen;
  }
  for (const type of ["input", "change"]) {
    // What is typed to search is no value yet: whoever saves on input must not see it.
    document.addEventListener(type, (event) => {
      const combo = event.target.closest?.(".combo-input")?.closest(".combo");
      if (!combo) return;
      event.stopPropagation();
      if (type === "change") return;
      clearTimeout(pick.timer);
      pick.timer = setTimeout(() => open(combo, inputOf(combo).value.trim()), 140);
    }, true);
  }
  document.addEventListener("keydown", (event) => {
    const combo = event.target.closest?.(".combo-input")?.closest(".combo");
    if (!combo) return;
    const shown = isOpen(combo);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      event.stopPropagation();
      if (!shown) open(combo, "");
      else step(event.key === "ArrowDown" ? 1 : -1);
    } else if (shown && (event.key === "PageDown" || event.key === "PageUp")) {
      event.preventDefault();
      step(event.key === "PageDown" ? 8 : -8);
    } else if (event.key === "Enter") {
      event.preventDefault();
      event.stopPropagation();
      if (shown && pick.active >= 0) choose(pick.active);
      else {
        commit(combo);
        close();
      }
    } else if (event.key === "Escape" && (shown || typedIn(combo))) {
      event.preventDefault();
      event.stopPropagation();
      inputOf(combo).value = inputOf(combo).dataset.chosen;
      close();
    } else if (event.key === "Tab") {
      if (shown && pick.active >= 0 && typedIn(combo)) choose(pick.active);
      else commit(combo);
      close();
    } else event.stopPropagation(); // keys of the canvas are not meant while one types
  }, true);
  document.addEventListener("focusout", (event) => {
    const combo = event.target.closest?.(".combo-input")?.closest(".combo");
    if (!combo) return;
    if (!list().contains(event.relatedTarget)) {
      commit(combo);
      if (pick.combo === combo) close();
    }
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
    if (isOpen(combo)) close();
    else {
      open(combo, "");
      if (input) setTimeout(() => inputOf(combo).select());
    }
  });
  addEventListener("resize", () => { if (pick.combo) close(); });
  document.addEventListener("scroll", (event) => { if (pick.combo && !list().contains(event.target)) pick.combo.isConnected && list().matches(":popover-open") ? place() : close(); }, true);

  // ---- A segment made in place: a dialog over the form that needs it ----
  let making = "";
  async function create(combo, name) {
    making = inputOf(combo).id;
    inputOf(combo).value = inputOf(combo).dataset.chosen;
    const response = await fetch(`/segments/new?${new URLSearchParams({ dialog: "1", name })}`, { headers: { "HX-Request": "true" } });
    if (!response.ok) return failed("The dialog did not open", "Check the connection and try again.");
    $("#dialogs").replaceChildren(fragment(await response.text()));
    const dialog = $("#dialogs dialog");
    dialog.removeAttribute("data-open");
    dialog.showModal();
    looked();
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-make-segment]") || event.submitter?.name === "_do") return;
    event.preventDefault();
    make(form);
  }, true);
  async function make(form) {
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    try {
      const response = await send(form.action, new URLSearchParams(new FormData(form)), { headers: { Accept: "application/json" } });
      if (response.status === 422) {
        Idiomorph.morph(form, await response.text(), { morphStyle: "outerHTML" });
        $("[aria-invalid=true]", $("#dialogs"))?.focus();
        return;
      }
      if (!response.ok) throw new Error(response.status);
      const made = await response.json();
      form.closest("dialog").close();
      const combo = document.getElementById(making)?.closest(".combo");
      if (combo) {
        settle(combo, made.key, made.name);
        inputOf(combo).focus();
      }
    } catch {
      failed("The segment was not saved", "Check the connection and try again.");
    } finally {
      delete form.dataset.busy;
    }
  }

  // ---- The rule editor outside the builder: the server draws it anew, one request after the other ----
  let queue = Promise.resolve();
  function redraw(form, path, click = "") {
    queue = queue.then(() => drawn(form, path, click)).catch(() => failed("The rule did not change", "Check the connection and try again."));
  }
  async function drawn(form, path, click) {
    const body = new URLSearchParams(new FormData(form));
    body.set("_path", path);
    body.set("_do", click);
    const response = await send("/forms/rule", body);
    if (!response.ok) throw new Error(response.status);
    const rule = $(`.rule[data-rule="${path}"]`, form);
    const before = $$(".rule-part, .rule-group", rule).length;
    const focused = document.activeElement?.id || "";
    Idiomorph.morph(rule, (await response.text()).trim(), { morphStyle: "outerHTML", ignoreActiveValue: true });
    const fresh = $(`.rule[data-rule="${path}"]`, form);
    looked();
    if (!click) return;
    const [verb, , place = ""] = click.split(":");
    const parts = $$(".rule-part, .rule-group", fresh);
    if (parts.length > before && (verb === "rule-add" || verb === "rule-group")) {
      const group = place ? document.getElementById(`r-${path}-${place.replaceAll(".", "-")}`) : fresh;
      const items = $$(":scope > .rule-items > li > *, :scope > .rule-group > .rule-items > li > *", group || fresh);
      const last = items[items.length - 1] || parts[parts.length - 1];
      $("select.subject, .rule-line select, .rule-line .combo-input", last)?.focus();
    } else if (!document.activeElement || document.activeElement === document.body) {
      (document.getElementById(focused) || $(".rule-foot .btn", fresh))?.focus();
    }
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[name=_do]");
    const form = button?.closest("form[data-rule-form]");
    if (!form || !button.value.startsWith("rule-")) return;
    event.preventDefault();
    redraw(form, button.value.split(":")[1], button.value);
  });
  document.addEventListener("change", (event) => {
    const rule = event.target.closest?.(".rule");
    const form = rule?.closest("form[data-rule-form]");
    if (form && event.target.matches("[data-redraw], .combo input[type=hidden]")) redraw(form, rule.dataset.rule);
  });

  // In the builder the form comes back with the answer: what a click has added gets the focus there, too.
  let added = null;
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[name=_do]");
    if (!button || button.closest("form[data-rule-form]")) return;
    const [verb, path, place = ""] = button.value.split(":");
    added = { verb, path, place, parts: parts(path, verb).length };
  }, true);
  function parts(path, verb) {
    const box = verb.startsWith("rule-") ? $(`.rule[data-rule="${CSS.escape(path)}"]`) : document.getElementById(`f-${path.replace(/[^\w-]/g, "-")}`);
    if (!box) return [];
    return verb.startsWith("rule-") ? $$(".rule-part", box) : $$(":scope > .row-box", box);
  }
  // The server does not know which folds a person has opened; what was clicked open stays so when the form comes back.
  const folds = new Map();
  document.addEventListener("click", (event) => {
    const fold = event.target.closest?.("summary")?.closest(".more-fields[id]");
    if (fold && !fold.closest("form[data-rule-form]")) folds.set(`${fold.closest("form")?.action} ${fold.id}`, !fold.open);
  });
  document.addEventListener("wayfare:form", () => {
    for (const fold of $$(".more-fields[id]")) {
      const open = folds.get(`${fold.closest("form")?.action} ${fold.id}`);
      if (open !== undefined && !$("[aria-invalid=true]", fold)) fold.open = open;
    }
  });
  document.addEventListener("wayfare:form", () => {
    if (!added) return;
    const { verb, path, place, parts: before } = added;
    added = null;
    const now = parts(path, verb);
    if (now.length > before && /add|group/.test(verb)) {
      const group = verb.startsWith("rule-") && place ? document.getElementById(`r-${path}.${place}`.replaceAll(".", "-")) : null;
      const inside = group ? now.filter((one) => group.contains(one)) : now;
      const fresh = inside[inside.length - 1] || now[now.length - 1];
      if (fresh.matches("details")) fresh.open = true;
      $("select, input:not([type=hidden]):not([type=checkbox]), textarea", fresh)?.focus();
    } else if (document.activeElement === document.body) (now[now.length - 1] || document).querySelector?.("select, input:not([type=hidden])")?.focus();
  });

  // ---- How many customers fit: asked again as one types; an older answer never replaces a newer one ----
  const counts = { known: new Map(), wanted: new Map(), running: new Map(), timers: new Map() };
  function asks(box) {
    const form = box.closest("form");
    const path = box.dataset.ruleCount;
    const fields = [...new FormData(form)].filter(([name]) => name === path || name.startsWith(`${path}.`));
    return new URLSearchParams([...fields, ["_path", path]]).toString();
  }
  function count(box, wait = 450) {
    const body = asks(box);
    const id = box.id;
    if (counts.wanted.get(id) === body && (counts.timers.has(id) || counts.running.has(id))) return box.classList.add("busy");
    counts.wanted.set(id, body);
    clearTimeout(counts.timers.get(id));
    counts.timers.delete(id);
    counts.running.get(id)?.abort();
    counts.running.delete(id);
    if (counts.known.has(body)) return fill(box, counts.known.get(body));
    box.classList.add("busy");
    counts.timers.set(id, setTimeout(() => {
      counts.timers.delete(id);
      ask(id, body);
    }, wait));
  }
  async function ask(id, body) {
    const stop = new AbortController();
    counts.running.set(id, stop);
    try {
      const response = await send("/forms/count", new URLSearchParams(body), { signal: stop.signal });
      if (!response.ok) throw new Error(response.status);
      const html = await response.text();
      counts.known.set(body, html);
      if (counts.known.size > 60) counts.known.delete(counts.known.keys().next().value);
      setTimeout(() => counts.known.delete(body), 60000);
    } catch (error) {
      if (error.name !== "AbortError") counts.known.set(body, "");
    } finally {
      if (counts.running.get(id) === stop) counts.running.delete(id);
    }
    const box = document.getElementById(id);
    if (box && counts.wanted.get(id) === body && counts.known.has(body)) fill(box, counts.known.get(body));
  }
  function fill(box, html) {
    box.classList.remove("busy");
    if (box.dataset.filled === html && box.childElementCount) return;
    box.dataset.filled = html;
    box.replaceChildren(fragment(html));
  }
  function looked() {
    for (const box of $$("[data-rule-count]")) if (!box.childElementCount) count(box, 0);
  }
  for (const type of ["input", "change"]) {
    document.addEventListener(type, (event) => {
      const box = event.target.closest?.(".rule") && $("[data-rule-count]", event.target.closest(".rule"));
      if (box) count(box);
    });
  }
  new MutationObserver(looked).observe(document.documentElement, { childList: true, subtree: true });

  // ---- Texts with variables ----
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
  const previews = new Map();
  document.addEventListener("input", (event) => {
    const id = event.target.id;
    const box = id && $(`[data-preview="${CSS.escape(id)}"]`);
    if (!box) return;
    clearTimeout(previews.get(id));
    previews.set(id, setTimeout(async () => {
      const text = event.target.value;
      const response = await send("/forms/preview", new URLSearchParams({ text })).catch(() => null);
      const now = $(`[data-preview="${CSS.escape(id)}"]`);
      if (response?.ok && now && document.getElementById(id)?.value === text) now.replaceChildren(fragment(await response.text()));
    }, 300));
  });

  // ---- From the list of problems to the field ----
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-to-field]");
    const field = link && document.getElementById(link.dataset.toField);
    if (!field) return;
    event.preventDefault();
    const fold = field.closest("details");
    if (fold) fold.open = true;
    const control = field.matches("input, select, textarea") ? field : $("[aria-invalid=true], input:not([type=hidden]), select, textarea", field) || field;
    control.focus();
    control.scrollIntoView({ block: "center" });
  });
  document.addEventListener("DOMContentLoaded", looked);
})();
