// Who else is here, and what they changed: asked for every few seconds while the tab is looked at.
import { $, element } from "./dom.js";
import { TAB } from "./draft.js";

const EVERY = 4000; // milliseconds

const OWN = "You, in another tab"; // as the server calls one's other windows

export const initials = (name) => name.replace(/[@.]/g, " ").split(/\s+/).filter((part) => /^[\p{L}\p{N}]/u.test(part)).slice(0, 2).map((part) => part[0].toLocaleUpperCase()).join("") || "?";

// `on`: at() says which step is looked at, go(id)
export function makePresence(draft, api, canvas, on) {
  const box = $("#editors");
  let isAsking = false;
  let known = "";

  function show(editors) {
    const text = JSON.stringify(editors);
    if (text === known) return;
    known = text;
    const all = editors.map((one) => ({ ...one, initials: one.name === OWN ? "You" : initials(one.name), isOwn: one.name === OWN, tone: one.color }));
    const words = (one) => (one.isOwn ? OWN : one.node ? `${one.name} is at ${draft.title(one.node)}` : `${one.name} is here`);
    box.hidden = !all.length;
    box.replaceChildren(...all.slice(0, 5).map((one) => element("button", { type: "button", class: one.isOwn ? "editor own" : `editor tone-${one.tone}`, title: words(one), "aria-label": one.node ? `${words(one)}; go there` : words(one), onclick: () => one.node && on.go(one.node) }, element("span", { "aria-hidden": "true" }, one.initials))));
    if (all.length > 5) box.append(element("span", { class: "editor" }, `+${all.length - 5}`));
    canvas.setEditors(Map.groupBy(all.filter((one) => one.node && !one.isOwn), (one) => one.node));
  }

  async function ask() {
    if (!draft.key || isAsking || document.hidden || draft.queue.isBusy()) return;
    isAsking = true;
    const rev = draft.rev;
    try {
      const { status, data } = await api.watch(`/draft/changes?since=${rev}&client=${TAB}&node=${on.at() || ""}`);
      // The draft was replaced as a whole, or is too far ahead: there is nothing to build on.
      if (status === 409 && data.reload && rev === draft.rev && !draft.queue.isBusy()) await draft.load();
      if (status !== 200) return;
      // An answer that was overtaken by a save of our own says nothing new; the next one will.
      if (data.rev > rev && rev === draft.rev && !draft.queue.isBusy()) draft.take({ ...data, applied: [] }, false);
      show(data.editors || []);
    } catch { /* the next one tries again */ } finally {
      isAsking = false;
    }
  }

  setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask); // a tab that is hidden does not ask, and catches up when it is shown
  addEventListener("pagehide", () => api.bid("/draft/leave", { client: TAB }));
  addEventListener("pageshow", (event) => { if (event.persisted) ask(); });
  return { ask };
}
