// The editor of promotions: the form is drawn anew by the server after a click in it, and a sentence says what it does.
"use strict";
(() => {
  const PAUSE = 300; // milliseconds after the last key
  const $ = (selector, root = document) => root.querySelector(selector);
  const form = () => $("form[data-offer]");
  let turn = 0;
  let timer = 0;

  function send(address, click = "") {
    const body = new URLSearchParams(new FormData(form()));
    if (click) body.set("_do", click);
    return fetch(address, { method: "POST", body, headers: { "X-CSRF-Token": $('meta[name="csrf-token"]').content, "HX-Request": "true" } });
  }
  function failed() {
    document.dispatchEvent(new CustomEvent("wayfare:failed", { detail: { title: "The form was not drawn", text: "Check the connection and try again." } }));
  }

  // What was unfolded stays so, and what a click has added gets the focus.
  async function redraw(click) {
    const mine = ++turn;
    clearTimeout(timer);
    const response = await send(`${form().dataset.offer}/form`, click).catch(() => null);
    if (!response?.ok) return failed();
    const text = await response.text();
    if (mine !== turn) return undefined;
    const fresh = document.createElement("template");
    fresh.innerHTML = text;
    const added = /^(add|put):/.test(click);
    for (const fold of document.querySelectorAll("form[data-offer] details[id][open]")) {
      const same = fresh.content.getElementById(fold.id);
      if (same && !fold.classList.contains("pop")) same.open = true;
    }
    const before = new Set([...document.querySelectorAll("form[data-offer] .offer-row")].map((row) => row.id || row.getAttribute("aria-label")));
    Idiomorph.morph(form(), fresh.content.firstElementChild.outerHTML, { morphStyle: "outerHTML", ignoreActiveValue: true });
    if (!added) return undefined;
    const rows = [...document.querySelectorAll("form[data-offer] .offer-row")];
    const row = rows.find((one) => !before.has(one.id || one.getAttribute("aria-label"))) || rows.at(-1);
    return row && $("input:not([type=hidden]):not([type=checkbox]), select, textarea:not(.for-plain)", row)?.focus();
  }

  async function say() {
    const mine = turn;
    const response = await send(`${form().dataset.offer}/sentence`).catch(() => null);
    if (!response?.ok || mine !== turn || !$("#sentence")) return;
    const html = await response.text();
    if ($("#sentence").innerHTML.trim() !== html.trim()) $("#sentence").innerHTML = html;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("form[data-offer] button[name=_do]");
    if (!button) return;
    event.preventDefault();
    redraw(button.value);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("form[data-offer] [data-redraw]")) redraw("");
  });
  for (const type of ["input", "change"]) {
    document.addEventListener(type, (event) => {
      if (!event.target.closest?.("form[data-offer]") || event.target.matches("[data-redraw]")) return;
      clearTimeout(timer);
      timer = setTimeout(say, PAUSE);
    });
  }

  // Whoever leaves with something typed and not saved is asked; whoever saves is not.
  const typed = () => form() && new URLSearchParams([...new FormData(form())].filter(([name]) => !name.startsWith("_"))).toString();
  let kept = null;
  addEventListener("beforeunload", (event) => {
    if (kept !== null && kept !== typed()) event.preventDefault();
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("form[data-offer]")) kept = null;
  });

  document.addEventListener("DOMContentLoaded", () => {
    kept = $("form[data-offer] .notice[role=alert]") ? "" : typed();
    const wrong = $("form[data-offer] [aria-invalid=true]");
    const asked = $("[data-ask]")?.dataset.ask;
    const first = wrong || (asked && document.getElementById(`f-${asked.replace(/[^\w-]/g, "-")}`));
    if (first) first.focus({ preventScroll: !wrong });
  });
})();
