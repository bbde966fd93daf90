// The bar at the top: name, status, what is saved, undo and redo, what is to fix.
import { $, $$, plural, say } from "./dom.js";

const STATUS = { draft: ["Draft", ""], live: ["Live", "good"], closing: ["Closing", "warn"], paused: ["Paused", "warn"], stopped: ["Stopped", "bad"], archived: ["Archived", ""] };

export function makeBar(draft, api) {
  const name = $("#name");
  const title = () => { document.title = `${draft.name} · Wayfare`; };

  async function rename() {
    const wanted = name.value.trim().replace(/\s+/g, " ");
    if (!wanted || wanted === draft.name) { name.value = draft.name; return; }
    draft.enqueue({
      send: () => api.post("/draft/rename", { name: wanted }),
      settle: ({ status, data }) => {
        if (status === 200) draft.name = data.name ?? wanted;
        else say(data.message || "The journey could not be renamed.", "bad");
        name.value = draft.name;
        title();
      },
    });
  }
  if (name.matches("input")) {
    name.addEventListener("change", rename);
    name.addEventListener("keydown", (event) => {
      if (event.key === "Enter") name.blur();
      if (event.key === "Escape") { name.value = draft.name; name.blur(); event.stopPropagation(); }
    });
  }

  function draw() {
    const [words, tone] = STATUS[draft.status] || [draft.status, ""];
    const badge = $("#status");
    badge.hidden = !words;
    badge.textContent = words || "";
    badge.className = `badge dot ${tone}`;
    badge.title = words || "";
    for (const item of $$("#more [data-action]")) item.hidden = !draft.may.operate || !item.dataset.in.split(" ").includes(draft.status);
    $("#more-actions").hidden = !$("#more-actions button:not([hidden])");
    if (name.matches("input") && document.activeElement !== name) name.value = draft.name;
    for (const [id, step, verb] of [["undo", draft.undo, "Undo"], ["redo", draft.redo, "Redo"]]) {
      const button = $(`#${id}`);
      if (!button) continue;
      button.disabled = !step && !draft.queue.isBusy();
      button.title = step ? `${verb}: ${step.label}` : verb;
      button.setAttribute("aria-label", step ? `${verb}: ${step.label}` : verb);
    }
    const { state, words: trouble } = draft.saving;
    const saved = $("#saved");
    saved.dataset.state = draft.may.edit ? state : "read";
    $("#saved-words").textContent = !draft.may.edit ? "Read only" : trouble || { saved: "Saved", saving: "Saving…" }[state];
    saved.setAttribute("role", state === "offline" || state === "failing" ? "alert" : "status");
    $("#publish").hidden = !draft.may.publish;
  }

  function problems() {
    const all = draft.allProblems().filter((one) => !draft.begun.has(one.node));
    const errors = all.filter((one) => one.severity === "error").length;
    const button = $("#problems");
    const isEmpty = !draft.graph.nodes.size;
    button.hidden = isEmpty;
    button.dataset.state = errors ? "bad" : all.length ? "warn" : "fine";
    $("#problems-words").textContent = errors ? `${errors} to fix` : all.length ? plural(all.length, "hint") : "Ready";
    const long = errors ? `${plural(errors, "thing")} to fix before publishing` : all.length ? `Ready, with ${plural(all.length, "hint")}` : "Ready to publish";
    button.setAttribute("aria-label", long);
    button.title = long;
    const use = $("#problems use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, errors ? "#alert-circle" : all.length ? "#alert-triangle" : "#circle-check"));
  }

  draft.on("state", draw);
  draft.on("change", problems);
  return { draw, problems, title };
}
