// Numbers on cards and edges: who entered, who is here, who went where; asked for again every few seconds.
import { $, $$, element, say } from "./dom.js";

const EVERY = 5000; // milliseconds

export function makeStatistics(draft, api, canvas) {
  const bar = $("#numbers-bar");
  const toggle = $("#numbers");
  const versions = $("#numbers-version");
  let period = "all";
  let timer = null;
  let asked = 0;
  let last = "";

  const numberOf = (version) => version.number ?? version;

  function draw() {
    const isThere = draft.versions.length > 0;
    toggle.hidden = !isThere;
    versions.replaceChildren(...draft.versions.map((version) => element("option", { value: String(numberOf(version)) }, `Version ${numberOf(version)}${version.is_live || version.live ? ", live" : ""}`)));
    versions.parentElement.hidden = draft.versions.length < 2;
    const live = draft.versions.find((version) => version.is_live || version.live);
    if (live) versions.value = String(numberOf(live));
    for (const button of $$("[data-period]", bar)) button.setAttribute("aria-pressed", String(button.dataset.period === period));
  }

  async function fetchNumbers() {
    const mine = ++asked;
    const { status, data } = await api.watch(`/draft/stats?period=${period}&version=${versions.value}`).catch(() => ({ status: 0 }));
    if (mine !== asked || !isOn()) return;
    if (status === 200) {
      const text = JSON.stringify([data.nodes, data.edges, data.version]);
      if (text !== last) canvas.setNumbers({ nodes: data.nodes, edges: data.edges, isKnown: (id) => id in data.nodes });
      last = text;
      $("#numbers-at").textContent = data.at ? new Date(data.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }) : "";
      $("#numbers-at").title = "When these numbers were counted";
    } else if (status) {
      say("The numbers could not be read.", "bad");
      set(false);
    }
  }

  const isOn = () => toggle.getAttribute("aria-pressed") === "true";

  function set(on) {
    toggle.setAttribute("aria-pressed", String(on));
    bar.hidden = !on;
    clearInterval(timer);
    last = "";
    if (!on) { canvas.setNumbers(null); return; }
    fetchNumbers();
    timer = setInterval(() => { if (!document.hidden) fetchNumbers(); }, EVERY);
  }

  // Show the customers behind a count, in the dialog that the journey's page has, too.
  function customers(values) {
    const query = new URLSearchParams({ ...values, version: versions.value });
    if (period !== "all" && values.kind !== "here") query.set("period", period);
    htmx.ajax("GET", `${$("#builder").dataset.base}/customers?${query}`, { target: "#dialogs", swap: "innerHTML" });
  }

  for (const button of $$("[data-period]", bar)) button.addEventListener("click", () => { period = button.dataset.period; draw(); last = ""; fetchNumbers(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && isOn()) fetchNumbers(); });
  versions.addEventListener("change", () => { last = ""; fetchNumbers(); });

  return {
    draw, isOn, set,
    toggle: () => set(!isOn()),
    number: (node, kind) => customers({ kind: kind === "entered" ? "arrived" : kind, node }),
    passed: (key) => { const at = key.indexOf(":"); customers({ kind: "passed", node: key.slice(0, at), port: key.slice(at + 1) }); },
  };
}
