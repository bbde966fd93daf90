// Copy and paste as text through the system's clipboard, also between journeys; a whole exported journey can be pasted, too.
import { CARD } from "./size.js";
import { $, element, isTyping, plural, say } from "./dom.js";

const KIND = "wayfare.steps";

export const write = (part) => JSON.stringify({ kind: KIND, ...part }, null, 2);

// Return {part} of copied steps, {journey} of an exported journey, or {problem} in words.
export function read(text) {
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    return { problem: "There are no steps in the clipboard." };
  }
  const isList = (list) => Array.isArray(list) && list.every((one) => one && typeof one === "object");
  if (!found || !isList(found.nodes) || !isList(found.edges ?? [])) return { problem: "There are no steps in the clipboard." };
  if (!found.nodes.every((node) => typeof node.id === "string" && typeof node.type === "string")) return { problem: "The steps in the clipboard cannot be read." };
  const part = {
    nodes: found.nodes.map(({ id, type, version, settings, position, note }) => JSON.parse(JSON.stringify({ id, type, version, settings: settings ?? {}, position: position ?? [0, 0], note }))),
    edges: (found.edges ?? []).map(({ from, port, to }) => ({ from, port, to })),
    notes: isList(found.notes ?? []) ? found.notes ?? [] : [],
  };
  return found.kind === KIND ? { part } : { part, journey: found };
}

// `on`: selection(), middle(), port(), placed(ids), replaced(answer)
export function makeClipboard(draft, commands, on) {
  const canEdit = () => draft.may.edit;
  const mine = (event) => !isTyping(event.target) && !getSelection()?.toString() && !document.querySelector("dialog[open]");

  let last = null; // what was copied here

  // Put steps behind a port that leads nowhere: [node, port].
  function attach(part, port) {
    const label = `Paste ${plural(part.nodes.length, "step")}`;
    const { ids, answer } = commands.fill([port], part, label);
    on.placed(ids, answer);
  }
  const canAttach = (part) => part.nodes.length > 0 && !part.nodes.some((node) => draft.types[node.type]?.category === "trigger");

  function place(part, label) {
    const all = [...part.nodes, ...part.notes].map((one) => one.position);
    if (!all.length) return;
    const [left, top] = [Math.min(...all.map((one) => one[0])), Math.min(...all.map((one) => one[1]))];
    const wide = Math.max(...all.map((one) => one[0])) - left + CARD.width;
    const tall = Math.max(...all.map((one) => one[1])) - top + CARD.height;
    const [x, y] = on.middle();
    const taken = [...draft.graph.nodes.values()].map((node) => node.position);
    let by = [Math.round((x - wide / 2 - left) / 10) * 10, Math.round((y - tall / 2 - top) / 10) * 10];
    const isTaken = () => part.nodes.some((node) => taken.some((at) => Math.abs(at[0] - node.position[0] - by[0]) < 200 && Math.abs(at[1] - node.position[1] - by[1]) < 70));
    for (let tries = 0; tries < 40 && isTaken(); tries += 1) by = [by[0] + 40, by[1] + 40];
    const { ids, answer } = commands.addCopies(part, by, label);
    on.placed(ids, answer);
  }

  async function ask(part, document_) {
    const dialog = element("dialog", { class: "dialog", "aria-labelledby": "paste-title" },
      element("div", { class: "dialog-head" }, element("h2", { id: "paste-title" }, "Paste a whole journey?")),
      element("div", { class: "dialog-body" },
        element("p", { class: "muted" }, `The clipboard holds a journey of ${plural(part.nodes.length, "step")}. Add them beside what is here, or put them in its place? Either can be undone.`),
        element("form", { method: "dialog", class: "dialog-foot" }, element("button", { class: "btn", value: "" }, "Cancel"), element("button", { class: "btn danger", value: "replace" }, "Replace this draft"), element("button", { class: "btn primary", value: "add" }, "Add beside"))));
    $("#dialogs").append(dialog);
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (dialog.returnValue === "add") place(part, `Paste ${plural(part.nodes.length, "step")}`);
      if (dialog.returnValue === "replace") on.replaced(commands.replaceAll(document_));
    });
    dialog.showModal();
  }

  function paste(text) {
    const { part, journey, problem } = read(text);
    if (problem) { say(problem, "info"); return; }
    const unknown = [...new Set(part.nodes.map((node) => node.type))].filter((type) => !draft.types[type]);
    if (unknown.length) say(`Not installed here: ${unknown.join(", ")}. Those steps are kept, but cannot be published.`, "info");
    if (journey && draft.graph.nodes.size) ask(part, journey);
    else if (journey) on.replaced(commands.replaceAll(journey));
    else if (on.port(part) && canAttach(part)) attach(part, on.port(part));
    else place(part, `Paste ${plural(part.nodes.length, "step")}`);
  }

  document.addEventListener("copy", (event) => {
    const ids = on.selection();
    if (!mine(event) || !ids.length) return;
    last = commands.part(ids);
    event.clipboardData.setData("text/plain", write(last));
    event.preventDefault();
    say(`${plural(ids.length, "step")} copied`, "info");
  });
  document.addEventListener("cut", (event) => {
    const ids = on.selection();
    if (!mine(event) || !ids.length || !canEdit()) return;
    last = commands.part(ids);
    event.clipboardData.setData("text/plain", write(last));
    event.preventDefault();
    commands.remove(ids);
  });
  document.addEventListener("paste", (event) => {
    if (!mine(event) || !canEdit()) return;
    event.preventDefault();
    paste(event.clipboardData.getData("text/plain"));
  });

  return {
    paste,
    last: () => (last && canAttach(last) ? last : null),
    attach,
    // Put pasted text behind a port; says whether there were steps in it.
    pasteAt(text, port) {
      const { part, journey } = read(text);
      if (!part || journey || !canAttach(part)) return false;
      attach(part, port);
      return true;
    },
    copy(ids) {
      last = commands.part(ids);
      navigator.clipboard?.writeText(write(last)).then(() => say(`${plural(ids.length, "step")} copied`, "info"), () => say("The browser does not allow copying here. Press Ctrl+C.", "bad"));
    },
  };
}
