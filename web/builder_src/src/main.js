// The builder's page: makes the parts and ties them together.
import { makeApi } from "./api.js";
import { makeBar } from "./bar.js";
import { filled } from "./branches.js";
import { makeCanvas } from "./canvas/index.jsx";
import { makeClipboard } from "./clipboard.js";
import { makeCommands } from "./commands.js";
import { $, $$, plural, say, speak } from "./dom.js";
import { makeDraft } from "./draft.js";
import { makeFirst } from "./first.js";
import { edgesFrom, edgesTo } from "./graph.js";
import { makeKeyboard, neighbour } from "./keyboard.js";
import { bring } from "./later.js";
import { makePalette } from "./palette.js";
import { makePanel } from "./panel.js";
import { openPicker } from "./picker.js";
import { makePresence } from "./presence.js";
import { makeSeek } from "./seek.js";
import { makeStatistics } from "./statistics.js";
import { showTrouble } from "./first.js";

const page = $("#builder");
const api = makeApi(page.dataset.base);
const draft = makeDraft(api);
const phone = matchMedia("(max-width: 760px)");

// Steps that somebody has put where they stand are not moved by the next insert, until they are tidied up again.
const arranged = `builder-arranged:${page.dataset.base}`;
const isTidy = () => !sessionStorage.getItem(arranged);
function setTidy(on) {
  if (on) sessionStorage.removeItem(arranged);
  else if (isTidy()) {
    sessionStorage.setItem(arranged, "1");
    say("Steps now stay where you put them. “Tidy up” arranges them again, also after each insert.", "info");
  }
}

const commands = makeCommands(draft, {
  isTidy,
  onAdded(id, answer) {
    draft.begun.add(id);
    select([id]);
    panel.openStep(id);
    answer.then(() => requestAnimationFrame(() => { canvas.reveal(withBefore([id]), room()); canvas.focus(id); }));
  },
});

// Steps, and those right before them: a new branch is seen together with what it branches from.
const withBefore = (ids) => [...new Set([...ids, ...ids.flatMap((id) => edgesTo(draft.graph, id).map((edge) => edge.from))])];

// What floats above the canvas covers this many pixels of it.
function room() {
  if (phone.matches) return { left: 16, right: 16, top: statistics.isOn() ? 72 : 24, bottom: panel.shown() ? innerHeight * 0.55 : 90 };
  const isRtl = document.documentElement.dir === "rtl";
  const start = palette.isOpen() && draft.may.edit ? 300 : 40;
  const end = panel.shown() ? 424 : 40;
  return { left: isRtl ? end : start, right: isRtl ? start : end, top: statistics.isOn() ? 88 : 48, bottom: 88 };
}

const canvas = makeCanvas($("#canvas"), draft, {
  open: (id) => panel.openStep(id),
  leave: () => panel.close(),
  select: showSelection,
  move(positions) { setTidyByMove(positions); commands.move(positions); },
  canConnect: commands.canConnect,
  connect: (from, port, to) => commands.connect(from, port, to),
  insert(key, at) {
    const edge = draft.graph.edges.get(key);
    pick(at, "Insert a step", (type) => commands.addAfter(edge.from, edge.port, type), commands.canContinue);
  },
  addAfter,
  number: (node, kind) => statistics.number(node, kind),
  passed: (key) => statistics.passed(key),
  text: (id, text) => commands.editNote(id, { text }),
  size: (id, size) => commands.editNote(id, { size }),
  mayInsert: (id) => draft.may.edit && ![...draft.graph.edges.values()].some((edge) => edge.from === id || edge.to === id) && !draft.isTrigger(id),
  droppedStep(id, place) {
    if (!place || !this.mayInsert(id)) return false;
    if (place.edge) return Boolean(commands.insertExisting(id, draft.graph.edges.get(place.edge)));
    return place.port ? Boolean(commands.connect(place.node, place.port, id)) : false;
  },
  provisional,
});

function setTidyByMove(positions) {
  const connected = Object.keys(positions).some((id) => [...draft.graph.edges.values()].some((edge) => edge.from === id || edge.to === id));
  if (connected) setTidy(false);
}

// A card that the server has not drawn yet.
function provisional(node) {
  const type = draft.types[node.type];
  const escape = (text) => { const span = document.createElement("span"); span.textContent = text; return span.innerHTML; };
  const picture = `<svg class="icon" aria-hidden="true"><use href="${document.body.dataset.icons}#${escape(type?.icon || "puzzle")}"/></svg>`;
  return `<div class="step ${escape(type?.category || "missing")}"><span class="step-icon">${picture}</span><span class="step-text"><b>${escape(type?.label || node.type)}</b><span>…</span></span></div>`;
}

function pick(at, title, choose, keep = () => true, rest = {}) {
  openPicker({ types: draft.types, at, title, choose, ...rest, keep: (type) => commands.canFollow(type) && keep(type) });
}

// What can be put behind an open port at once: what was copied, and what other ways out of the same step have.
function ready(from, port) {
  if (draft.graph.edges.has(`${from}:${port}`)) return [];
  const found = [];
  const names = (part) => part.nodes.map((node) => draft.title(node.id)).join(", ");
  const copied = clipboard.last();
  if (copied) found.push({ label: `Paste ${plural(copied.nodes.length, "copied step")}`, summary: names(copied), icon: "copy", category: "copy", go: () => clipboard.attach(copied, [from, port]) });
  const open = draft.ports(from).map((one) => one.name).filter((name) => !draft.graph.edges.has(`${from}:${name}`));
  for (const one of filled(draft, from).slice(0, 4)) {
    const go = (ports, label) => async () => {
      panel.flush(); // the copies have what was typed last
      await draft.queue.settled();
      placed(commands.fill(ports, filled(draft, from).find((now) => now.port === one.port)?.part ?? one.part, label));
    };
    const same = (where) => ({ label: `Same steps as ${one.label}${where}`, summary: names(one.part), icon: "copy", category: "copy" });
    found.push({ ...same(""), go: go([[from, port]], `Copy steps to ${draft.portLabel(from, port)}`) });
    if (open.length > 1) found.push({ ...same(`, in all ${open.length} open branches`), go: go(open.map((name) => [from, name]), `Copy steps to ${open.length} branches`) });
  }
  return found;
}

function addAfter(from, port, at) {
  const others = [...draft.graph.nodes.values()].filter((node) => commands.canConnect(from, node.id)).map((node) => {
    const type = draft.typeOf(node.id);
    return { label: draft.title(node.id), summary: draft.summary(node.id), icon: type?.icon || "puzzle", category: type?.category, go: () => commands.connect(from, port, node.id) };
  });
  const lead = ready(from, port);
  const paste = (text) => !draft.graph.edges.has(`${from}:${port}`) && clipboard.pasteAt(text, [from, port]);
  pick(at, "Add a step", (type) => commands.addAfter(from, port, type), undefined, { lead, leadTitle: "Copy", more: others, moreTitle: "Go on at a step that is here", paste });
}

function select(ids) { canvas.select(ids); }

function showSelection(ids) {
  const bar = $("#selection-bar");
  const arrows = ids.length ? [] : canvas.arrows();
  bar.hidden = (ids.length < 2 && !arrows.length) || !draft.may.edit;
  $("b", bar).textContent = arrows.length ? plural(arrows.length, "arrow") : `${ids.length} selected`;
  for (const button of $$("[data-act=duplicate], [data-act=copy]", bar)) button.hidden = arrows.length > 0;
}

function go(id) {
  if (!draft.graph.nodes.has(id)) return;
  select([id]);
  panel.openStep(id);
  canvas.reveal([id], room(), { always: true });
  canvas.focus(id);
}

const panel = makePanel(draft, api, {
  opened: () => {
    if (phone.matches) palette.toggle(false);
    requestAnimationFrame(() => { const one = canvas.selection(); if (one.length === 1) canvas.reveal(one, room()); });
  },
  left: (id) => { if (draft.begun.delete(id)) { canvas.sync(); bar.problems(); } },
  gone: () => { say("Somebody has removed this step.", "info"); draft.load().catch(() => {}); },
  named: (name) => { draft.name = name; bar.draw(); bar.title(); },
  closed: (id) => { if (id && document.activeElement === document.body) canvas.focus(id); },
  go,
  remove: removeAll,
  duplicate: (ids) => placed(commands.duplicate(ids)),
  canConnect: commands.canConnect,
  connect: (from, port, to) => (to ? commands.connect(from, port, to) : commands.removeArrows([`${from}:${port}`])),
  add: addAfter,
});

function removeAll(ids) {
  if (!ids.length) return;
  const back = ids.length === 1 ? neighbour(draft.graph, draft.ports, ids[0], "ArrowUp") : null;
  commands.remove(ids);
  if (panel.shown()?.id && ids.includes(panel.shown().id)) panel.close();
  if (back && draft.graph.nodes.has(back)) { select([back]); canvas.focus(back); } else select([]);
}

function placed(done) {
  if (!done) return;
  select(done.ids);
  if (done.ids.length === 1) panel.openStep(done.ids[0]);
  else panel.close();
  // Copies on several branches are seen with the branch that they were copied from.
  const beside = () => [...new Set(withBefore(done.ids).flatMap((id) => [id, ...edgesFrom(draft.graph, id).map((edge) => edge.to)]))];
  done.answer.then(() => requestAnimationFrame(() => canvas.reveal(done.ids.length > 1 ? beside() : withBefore(done.ids), room())));
}

const palette = makePalette(draft, {
  over(type, x, y) { canvas.highlight(fits(type, canvas.hit(x, y))); },
  drop(type, x, y) {
    canvas.highlight(null);
    const place = fits(type, canvas.hit(x, y));
    const edge = place?.edge && draft.graph.edges.get(place.edge);
    if (edge) commands.addAfter(edge.from, edge.port, type);
    else if (place?.port) commands.addAfter(place.node, place.port, type);
    else if (place) commands.addBehind(place.node, type);
    else if (document.elementFromPoint(x, y)?.closest("#canvas, .first")) commands.addAt(type, canvas.toFlow(x, y));
    if (phone.matches) palette.toggle(false);
  },
  dropped: () => canvas.highlight(null),
  add(type) {
    const chosen = canvas.selection().filter((id) => draft.graph.nodes.has(id));
    if (phone.matches) palette.toggle(false);
    addBehind(chosen.at(-1) ?? panel.shown()?.id, type);
  },
});

// Where a type of step can be dropped; null is the free canvas.
function fits(type, place) {
  if (!place || !commands.canFollow(type)) return null;
  return place.edge && !commands.canContinue(type) ? null : place;
}

function addBehind(id, type) {
  if (id && draft.graph.nodes.has(id)) return commands.addBehind(id, type);
  if (!commands.canFollow(type)) return commands.addFirst(type);
  const open = [...draft.graph.nodes.keys()].filter((one) => commands.freePort(one));
  return open.length === 1 ? commands.addBehind(open[0], type) : commands.addAt(type, canvas.middle(room()));
}

const bar = makeBar(draft, api);
const drawFirst = makeFirst(draft, (type) => commands.addAt(type, [122, 32]));
const statistics = makeStatistics(draft, api, canvas);
const presence = makePresence(draft, api, canvas, { at: () => panel.shown()?.id, go });
const seek = makeSeek(draft, go);
const clipboard = makeClipboard(draft, commands, {
  selection: () => canvas.selection(),
  middle: () => canvas.middle(room()),
  // The open port of the one card that is selected, unless it was copied itself.
  port(part) {
    const [id, ...rest] = canvas.selection();
    const isMeant = id && !rest.length && draft.graph.nodes.has(id) && !part.nodes.some((node) => node.id === id);
    const port = isMeant ? commands.freePort(id) : null;
    return port ? [id, port] : null;
  },
  placed: (ids, answer) => placed({ ids, answer }),
  replaced: (answer) => { panel.close(); answer?.then(() => canvas.measured()).then(() => canvas.fit(room())); },
});

const may = (go_) => (...given) => { if (draft.may.edit) go_(...given); };
// What a command is about: the selection, or the card that the keyboard stands on when it is not part of that.
function selected() {
  const [ids, focused] = [canvas.selection(), canvas.focused()];
  return focused && !ids.includes(focused) ? [focused] : ids;
}
const does = {
  undo: may(() => { panel.flush(); draft.stepBack().then((answer) => { if (answer?.data.nothing) say("There is nothing of yours to undo.", "info"); }); }),
  redo: may(() => draft.stepForth()),
  tidy: may(() => { setTidy(true); commands.tidyUp()?.then(() => canvas.fit(room())); }),
  note: may(() => {
    const at = canvas.middle(room());
    const id = draft.newNoteId();
    canvas.edit(id);
    commands.addNote([at[0] - 110, at[1] - 60]);
  }),
  seek: () => seek.open(),
  help: () => { $("#more").open = false; $("#keys").showModal(); },
  fit: () => canvas.fit(room()),
  zoomIn: () => canvas.zoomBy(1.25),
  zoomOut: () => canvas.zoomBy(0.8),
  zoomTo100: () => canvas.zoomTo(1),
  palette: may(() => { palette.toggle(true); }),
  numbers: () => statistics.toggle(),
  problems: () => (panel.shown()?.kind === "problems" ? panel.close() : panel.openProblems()),
  act: (action) => { $("#more").open = false; htmx.ajax("GET", `${page.dataset.base}/draft/${action}`, { target: "#dialogs", swap: "innerHTML" }); },
  journey: () => (panel.shown()?.kind === "journey" ? panel.close() : panel.openJourney()),
  remove: may(() => {
    const arrows = canvas.selection().length ? [] : canvas.arrows();
    if (arrows.length) { commands.removeArrows(arrows); select([]); } else removeAll(selected());
  }),
  duplicate: may(() => placed(commands.duplicate(selected()))),
  copy: () => clipboard.copy(canvas.selection()),
  selectAll: () => canvas.selectAll(),
  open: (id) => { select([id]); panel.openStep(id, { focus: true }); },
  add: may(() => {
    const id = selected().find((one) => draft.graph.nodes.has(one));
    if (!id) { palette.toggle(true); return; }
    const port = commands.freePort(id) ?? draft.ports(id)[0]?.name;
    const box = $(`.react-flow__node[data-id="${CSS.escape(id)}"]`).getBoundingClientRect();
    const at = { x: box.left + box.width / 2, y: box.bottom + 8, back: () => canvas.focus(id) };
    if (port) addAfter(id, port, at);
    else pick(at, "Add a step", (type) => commands.addBeside(id, type));
  }),
  walk(key) {
    const from = canvas.focused() ?? canvas.selection()[0];
    const to = from && draft.graph.nodes.has(from) ? neighbour(draft.graph, draft.ports, from, key) : draft.graph.nodes.keys().next().value;
    if (!to) return;
    select([to]);
    canvas.reveal([to], room());
    canvas.focus(to);
    if (panel.shown()?.kind === "step") panel.openStep(to);
  },
  async save() {
    panel.flush();
    draft.queue.hurry();
    if (document.activeElement?.matches("input, textarea")) document.activeElement.dispatchEvent(new Event("change", { bubbles: true }));
    await draft.queue.settled();
    say("Saved.", "good");
  },
  escape(event) {
    if (event.target.closest(".picker, .seek, dialog, details[open]")) return;
    if (document.querySelector(".picker, #seek:not([hidden])")) { document.querySelector(".picker")?.remove(); seek.close(); return; }
    if (panel.shown()) {
      if (event.target.matches("[aria-expanded=true]")) return; // a list of choices closes first
      const { id } = panel.shown();
      panel.close();
      if (id) canvas.focus(id);
    } else select([]);
  },
  async publish() {
    panel.flush();
    await draft.queue.settled();
    htmx.ajax("GET", `${page.dataset.base}/draft/publish`, { target: "#dialogs", swap: "innerHTML" });
  },
};
makeKeyboard(draft, canvas, does);

const acts = { ...does, palette: () => palette.toggle(), "zoom-in": does.zoomIn, "zoom-out": does.zoomOut, "zoom-100": does.zoomTo100, delete: does.remove, "close-panel": () => { const id = panel.shown()?.id; panel.close(); if (id) canvas.focus(id); } };
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button) acts[button.dataset.act]?.(button.dataset.action);
});
// Links in the server's dialogs to a step: `data-step="n1"`.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-step]");
  if (!link) return;
  event.preventDefault();
  link.closest("dialog")?.close();
  go(link.dataset.step);
});
canvas.onZoom((zoom) => {
  const words = `${Math.round(zoom * 100)} %`;
  $("#zoom").textContent = words;
  $("#zoom").setAttribute("aria-label", `${words}; zoom to 100 %`);
});
addEventListener("beforeunload", (event) => { if (draft.queue.isBusy() || panel.isDirty()) event.preventDefault(); });

draft.on("change", () => { canvas.sync(); drawFirst(); });
draft.on("edited", ({ since, applied }) => { if ([...since, ...applied].some((op) => op.op === "move")) canvas.glide(); });
draft.on("conflict", (data) => { say(data.message || "Somebody else changed this meanwhile; your change was not made.", "bad"); speak("Your change was not made."); });
draft.on("refused", (message) => say(message, "bad"));
draft.on("renamed", (ids) => { const now = canvas.selection().map((id) => ids.get(id) ?? id); select(now); });

// A draft that a program or a file made may have no places yet: all its cards lie upon each other.
async function arrange() {
  const places = new Set([...draft.graph.nodes.values()].map((node) => String(node.position)));
  if (draft.may.edit && draft.graph.nodes.size > 1 && places.size === 1) await commands.tidyUp("Arrange steps");
}

// Links from elsewhere name a step: /journeys/welcome/edit#n3.
function fromAddress() {
  let id = location.hash.slice(1);
  try { id = decodeURIComponent(id); } catch { return; } // no address of a step
  if (draft.graph.nodes.has(id)) go(id);
}
addEventListener("hashchange", fromAddress);

async function start() {
  if (phone.matches) palette.toggle(false);
  await draft.load();
  if (!draft.may.edit) document.body.classList.add("read-only");
  bar.draw();
  bar.title();
  statistics.draw();
  if (draft.versions.length && draft.status !== "draft") statistics.set(true);
  await arrange();
  const filled = canvas.start(room());
  page.dataset.ready = "";
  palette.draw();
  bring();
  fromAddress();
  await filled;
  page.dataset.complete = "";
  presence.ask();
}
start().catch((error) => {
  $("#saved").dataset.state = "failing";
  $("#saved-words").textContent = "Not loaded";
  showTrouble(error.message);
  console.error(error);
});
