// The panel at the side: a step's form with its next steps, the journey's settings, or what is to fix. Forms are the server's
// HTML; they are saved through the queue and morphed, so that focus, caret and what was typed meanwhile stay.
import { $, $$, element, icon, plural, say } from "./dom.js";
import { TAB } from "./draft.js";
import { isThere } from "./later.js";
import { firstSentence } from "./picker.js";

const SHOWN_IN_FORM = ["invalid_settings", "unknown_variable", "invalid_template", "once_only"];
const AFTER_KEYS = 600; // milliseconds after the last key before it is saved

// `on`: opened(), left(id), named(name), gone(), closed(id), go(id), remove(ids), duplicate(ids), connect(from, port, to), add(from, port, at)
export function makePanel(draft, api, on) {
  const panel = $("#panel");
  const body = $("#panel-body");
  let shown = null; // {kind: "step", id} | {kind: "journey"} | {kind: "problems"}
  let timer = null;
  let isDirty = false;
  let isSettling = false;
  let turn = 0;
  let saves = 0;
  let back = null;

  const address = () => (shown?.kind === "step" ? `/draft/nodes/${shown.id}` : "/draft");
  const slot = () => $("#panel-form", body);
  const form = () => $("form", slot() || body);

  function head({ title, lead = "", name = "box", category = "", actions = [] }) {
    $("#panel-title").textContent = title;
    $("#panel-lead").textContent = lead;
    $("#panel-lead").title = lead;
    $("#panel-icon").replaceChildren(icon(name));
    panel.dataset.category = category;
    $("#panel-actions").replaceChildren(...actions);
  }
  const action = (label, name, go, kind = "") => element("button", { class: `btn quiet square tiny ${kind}`, type: "button", "aria-label": label, title: label, onclick: go }, icon(name));

  function show(next) {
    leave();
    shown = next;
    turn += 1;
    panel.hidden = false;
    document.body.classList.add("has-panel");
    panel.dataset.kind = next.kind;
    on.opened();
  }

  // What was typed is saved when another step is opened, too.
  function leave() {
    if (isDirty) save();
    clearTimeout(timer);
    timer = null;
    if (shown?.kind === "step") on.left(shown.id);
  }

  async function fetchForm({ focus = false } = {}) {
    const [mine, asked] = [turn, saves];
    const { status, data } = await api.page(`${address()}/panel`).catch(() => ({ status: 0, data: "" }));
    await isThere;
    if (mine !== turn || asked !== saves || !slot()) return; // what was saved meanwhile brings a later form along
    if (status === 404 && shown.kind === "step") { close(); on.gone(); return; }
    if (status !== 200) {
      slot().replaceChildren(element("p", { class: "muted" }, status ? "This step's settings could not be read." : "Wayfare does not answer. Close this and open it again."));
      return;
    }
    put(data, null);
    if (!draft.may.edit) for (const control of $$("input, select, textarea, button", slot())) control.disabled = true;
    if (focus) ($("input:not([type=hidden]), select, textarea", slot()) || $("#panel-title")).focus({ preventScroll: true });
  }

  // Bring in a form that came with an answer. `sent` is what was sent: what differs from it was typed since and stays.
  function put(html, sent) {
    const fresh = document.createElement("div");
    fresh.innerHTML = html;
    const old = form();
    if (sent && old) {
      const now = values(old);
      const later = [...now.keys()].filter((name) => String(now.get(name)) !== String(sent.get(name)));
      for (const name of later) for (const control of $$(`[name="${CSS.escape(name)}"]`, fresh)) keep(control, now.get(name));
    }
    Idiomorph.morph(slot(), fresh.innerHTML, { morphStyle: "innerHTML", ignoreActiveValue: true });
    htmx.process(slot());
    document.dispatchEvent(new CustomEvent("wayfare:form", { detail: { root: slot() } }));
  }

  function values(of) {
    const found = new Map();
    for (const [name, value] of new FormData(of)) found.set(name, [...(found.get(name) || []), value]);
    return found;
  }

  function keep(control, list = []) {
    if (control.matches("[type=checkbox], [type=radio]")) control.toggleAttribute("checked", list.includes(control.value));
    else if (control.matches("select")) for (const option of control.options) option.toggleAttribute("selected", list.includes(option.value));
    else if (control.matches("textarea")) control.textContent = list[0] ?? "";
    else control.setAttribute("value", list[0] ?? "");
  }

  function save(submitter = null) {
    const current = form();
    clearTimeout(timer);
    timer = null;
    if (!current || !draft.may.edit) return;
    isDirty = false;
    saves += 1;
    const mine = turn;
    const [place, id] = [address(), shown.id];
    const doing = submitter?.name === "_do" ? submitter.value : "";
    const item = {
      form: current, doing, data: new FormData(current, submitter?.name ? submitter : null), sent: null,
      send() {
        if (!item.doing && current.isConnected && mine === turn) item.data = new FormData(current);
        item.sent = new Map();
        for (const [name, value] of item.data) item.sent.set(name, [...(item.sent.get(name) || []), value]);
        item.data.set("_base", draft.rev);
        item.data.set("_client", TAB);
        item.data.set("_do", item.doing);
        return api.postForm(`${place}/settings`, item.data);
      },
      joins(later) {
        if (later.form !== item.form || item.doing || later.doing) return false;
        item.data = later.data;
        return true;
      },
      settle({ status, data }) {
        isSettling = true; // the answer brings the form along, with what was typed
        if (status === 200) draft.take(data, true);
        else if (status === 409 && data.rev) {
          draft.take({ ...data, applied: [] }, false);
          // The form that came with the answer says it too; words over a phone's fields would be in the way.
          if (!data.panel || mine !== turn || !slot()) say(data.message || "Somebody else changed this meanwhile. What you typed is still here.", "bad");
        } else say(data.message || "This form could not be saved.", "bad");
        isSettling = false;
        if (data.panel && mine === turn && slot()) put(data.panel, item.doing ? null : item.sent);
        const named = status === 200 && place === "/draft" && item.data.get("name");
        if (named && !$(".notice", slot())) on.named(named.trim());
        if (mine === turn && shown?.kind === "step" && shown.id === id) refresh();
      },
    };
    draft.enqueue(item);
  }

  // Where each way out of the step leads, so that connecting works by keyboard.
  function nextSteps(id) {
    const ports = draft.ports(id);
    if (!ports.length) return [element("p", { class: "muted small" }, "The journey ends here.")];
    const targets = [...draft.graph.nodes.keys()].filter((other) => on.canConnect(id, other));
    return ports.map((port) => {
      const now = draft.graph.edges.get(`${id}:${port.name}`)?.to || "";
      const select = element("select", { class: "input", id: `next-${port.name}`, "data-next": port.name, disabled: !draft.may.edit });
      const option = (value, text) => element("option", { value, selected: value === now }, text);
      const places = targets.includes(now) || !now ? targets : [now, ...targets];
      select.append(option("", "Nothing: the journey ends"), ...places.map((other) => option(other, draft.called(other))));
      if (draft.may.edit) select.append(option("+", "Add a new step…"));
      select.addEventListener("change", () => {
        if (select.value === "+") {
          select.value = now;
          const box = select.getBoundingClientRect();
          on.add(id, port.name, { x: box.left + box.width / 2, y: box.bottom + 4, from: select });
        } else on.connect(id, port.name, select.value);
      });
      const label = ports.length > 1 || port.name !== "next" ? port.label : "Then";
      return element("div", { class: "next" }, element("label", { for: `next-${port.name}` }, label), select,
        now ? element("button", { class: "btn quiet square tiny", type: "button", "aria-label": `Go to ${draft.title(now)}`, title: `Go to ${draft.title(now)}`, onclick: () => on.go(now) }, icon("arrow-right")) : null);
    });
  }

  function stepNote(id) {
    const note = draft.graph.nodes.get(id)?.note || "";
    if (!draft.may.edit && !note) return [];
    const area = element("textarea", { class: "input", id: "step-note", rows: "3", maxlength: "4000", disabled: !draft.may.edit }, note);
    area.addEventListener("change", () => draft.commit("Note", [{ op: "set_note", id, note: area.value }]));
    return [element("details", { open: Boolean(note) }, element("summary", {}, "Note for colleagues"), element("label", { class: "sr", for: "step-note" }, "Note for colleagues"), area)];
  }

  function problemList(list, withNames) {
    return element("ul", { class: "plain to-fix" }, ...list.map((one) => {
      const words = [element("span", { class: "to-fix-text" }, withNames && one.node ? element("b", {}, draft.title(one.node)) : null, element("span", {}, sentence(one.message)), one.remedy ? element("small", {}, sentence(one.remedy)) : null)];
      const tone = one.severity === "error" ? "bad" : "warn";
      const sign = icon(tone === "bad" ? "alert-circle" : "alert-triangle");
      const isPlace = withNames && (one.node === "" || draft.graph.nodes.has(one.node));
      return element("li", { class: tone }, isPlace ? element("button", { type: "button", class: "plain", onclick: () => (one.node ? on.go(one.node) : openJourney()) }, sign, ...words) : element("div", {}, sign, ...words));
    }));
  }
  const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");

  // Everything about a step but its form, which is left alone.
  function refresh() {
    if (shown?.kind === "problems") return openProblems({ again: true });
    if (shown?.kind !== "step") return undefined;
    const { id } = shown;
    if (!draft.graph.nodes.has(id)) { close(); return undefined; }
    const type = draft.typeOf(id);
    head({
      title: draft.title(id), lead: firstSentence(type?.help), name: type?.icon || "puzzle", category: type?.category || "missing",
      actions: draft.may.edit ? [action("Duplicate (Ctrl+D)", "copy", () => on.duplicate([id])), action("Delete step (Del)", "trash", () => on.remove([id]), "danger")] : [],
    });
    const typing = document.activeElement;
    const next = $("#panel-next", body);
    if (next && !next.contains(typing)) next.replaceChildren(element("h3", {}, "Next step"), ...nextSteps(id));
    const problems = draft.begun.has(id) ? [] : draft.nodeProblems(id).filter((one) => !SHOWN_IN_FORM.includes(one.code));
    $("#panel-problems", body)?.replaceChildren(...(problems.length ? [problemList(problems, false)] : []));
    const note = $("#panel-note", body);
    if (note && !note.contains(typing)) note.replaceChildren(...stepNote(id));
    return undefined;
  }

  function openStep(id, { focus = false } = {}) {
    if (!draft.graph.nodes.has(id)) return;
    if (shown?.kind === "step" && shown.id === id) {
      if (focus) ($("input:not([type=hidden]), select, textarea", slot()) || $("#panel-title")).focus();
      return;
    }
    show({ kind: "step", id });
    body.replaceChildren(...["panel-problems", "panel-form", "panel-next", "panel-note"].map((name) => element("div", { id: name, class: name })));
    body.scrollTop = 0;
    refresh();
    if (draft.cards[id]) fetchForm({ focus });
    else draft.queue.settled().then(() => { if (shown?.id === id) fetchForm({ focus }); }); // the server does not know it yet
  }

  function openJourney() {
    show({ kind: "journey" });
    head({ title: "Journey settings", lead: "Who may enter, what counts as the goal, and when to be quiet.", name: "settings" });
    body.replaceChildren(element("div", { id: "panel-form" }));
    fetchForm({ focus: true });
  }

  function openProblems({ again = false } = {}) {
    const all = draft.allProblems();
    const errors = all.filter((one) => one.severity === "error");
    if (!again) show({ kind: "problems" });
    head({ title: errors.length ? `${plural(errors.length, "thing")} to fix before publishing` : "Ready to publish", lead: all.length > errors.length ? `${plural(all.length - errors.length, "thing")} worth a look` : "", name: errors.length ? "alert-circle" : "circle-check", category: errors.length ? "bad" : "trigger" });
    body.replaceChildren(all.length ? problemList([...errors, ...all.filter((one) => one.severity !== "error")], true) : element("p", { class: "muted" }, "Every step is set up and connected."));
    if (!again) $("button", body)?.focus();
  }

  function close() {
    if (!shown) return;
    leave();
    const { id } = shown;
    shown = null;
    turn += 1;
    panel.hidden = true;
    document.body.classList.remove("has-panel");
    body.replaceChildren();
    on.closed(id);
  }

  panel.addEventListener("submit", (event) => {
    if (!slot()?.contains(event.target)) return;
    event.preventDefault();
    save(event.submitter);
  });
  const isOurs = (event) => slot()?.contains(event.target) && event.target.name && event.target.form && form() === event.target.form;
  panel.addEventListener("input", (event) => {
    if (!isOurs(event)) return;
    isDirty = true;
    clearTimeout(timer);
    timer = setTimeout(() => save(), AFTER_KEYS);
  });
  panel.addEventListener("change", (event) => { if (isOurs(event) && (isDirty || !event.target.matches("textarea, input[type=text]"))) save(); });

  draft.on("edited", ({ isOwn, since, applied }) => {
    if (!shown) return;
    refresh();
    const ours = shown.kind === "step" ? shown.id : "";
    const touches = (op) => op.op === "set_journey" || (shown.kind === "step" && op.op === "set_settings" && op.id === ours);
    const others = since.some(touches);
    const undone = isOwn && applied.some(touches) && !document.activeElement?.closest("#panel-form form");
    if ((others || undone) && !isDirty && !isSettling && !draft.queue.items().some((item) => item.form)) fetchForm();
  });
  draft.on("renamed", (ids) => { if (shown?.kind === "step" && ids.has(shown.id)) openStep(ids.get(shown.id)); });

  return {
    openStep, openJourney, openProblems, close, refresh,
    reload: () => { if (shown && shown.kind !== "problems") fetchForm(); },
    flush: () => { if (isDirty) save(); },
    isDirty: () => isDirty,
    shown: () => shown,
    element: panel,
    back: (given) => { back = given ?? back; return back; },
  };
}
