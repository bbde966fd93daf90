// What pages need beyond htmx: dialogs, notes, live parts, the theme. No inline handlers: the content policy forbids them.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // The server writes times in the reader's zone; only the browser knows which that is. Asking takes 30 ms the first time, so
  // the page is shown before.
  function tellZone() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
    if (document.cookie.includes(`wayfare-zone=${zone}`)) return;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `wayfare-zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  }
  if (window.requestIdleCallback) requestIdleCallback(tellZone, { timeout: 2000 });
  else setTimeout(tellZone, 500);

  // Notes: said once, gone after a while unless the pointer or the focus is on them.
  const icons = { good: "circle-check", bad: "alert-circle", info: "info-circle" };
  const sprite = () => document.body.dataset.icons;
  function svg(name) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    element.setAttribute("class", "icon");
    element.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${sprite()}#${name}`);
    element.append(use);
    return element;
  }
  function say(text, tone = "good", more = "") {
    const box = $("#toasts");
    const toast = document.createElement("div");
    toast.className = `toast ${tone}`;
    const body = document.createElement("div");
    body.textContent = text;
    if (more) {
      const small = document.createElement("small");
      small.textContent = more;
      body.append(small);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.setAttribute("aria-label", "Dismiss");
    close.append(svg("x"));
    close.addEventListener("click", () => toast.remove());
    toast.append(svg(icons[tone] || icons.info), body, close);
    box.append(toast);
    while (box.children.length > 4) box.firstElementChild.remove();
    raise(box);
    fade(toast, tone === "bad" ? 12000 : 6000);
  }
  function fade(toast, wait) {
    let timer = setTimeout(() => toast.remove(), wait);
    const stay = () => clearTimeout(timer);
    const go = () => { timer = setTimeout(() => toast.remove(), 2500); };
    toast.addEventListener("pointerenter", stay);
    toast.addEventListener("focusin", stay);
    toast.addEventListener("pointerleave", go);
    toast.addEventListener("focusout", go);
  }
  // A modal dialog covers everything else: as a popover the notes lie above it.
  function raise(box) {
    if (!box.showPopover) return;
    if (box.matches(":popover-open")) box.hidePopover();
    box.showPopover();
  }
  document.addEventListener("wayfare:notes", (event) => {
    for (const [tone, text] of event.detail.notes) say(text, tone);
  });
  document.addEventListener("wayfare:failed", (event) => {
    const { title, text, request } = event.detail;
    say(`${title}. ${text}`, "bad", request ? `Request ${request}` : "");
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (!event.detail.requestConfig?.headers["Wayfare-Live"]) say("Wayfare does not answer. Check the connection and try again.", "bad");
  });

  // Dialogs. `data-dialog="id"` opens one of the page; a fragment with `dialog[data-open]` opens when it arrives.
  function prepare(root) {
    for (const dialog of $$("dialog[data-open]", root)) {
      dialog.removeAttribute("data-open");
      if (!dialog.open) dialog.showModal();
    }
    for (const toast of $$("#toasts > .toast:not([data-seen])")) {
      toast.dataset.seen = "";
      $("button", toast)?.addEventListener("click", () => toast.remove());
      fade(toast, 7000);
      raise($("#toasts"));
    }
  }
  document.addEventListener("click", (event) => {
    const target = event.target;
    if (!(target instanceof Element)) return;
    const opener = target.closest("[data-dialog]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialog);
      if (dialog) {
        event.preventDefault();
        dialog.showModal();
      }
    }
    const closer = target.closest("[data-close]");
    if (closer) {
      event.preventDefault();
      closer.closest("dialog")?.close();
    }
    if (target instanceof HTMLDialogElement && target.open) {
      const box = target.getBoundingClientRect();
      const outside = event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
      const dirty = $$("input:not([type=hidden]), textarea", target).some((field) => field.value !== field.defaultValue);
      if (outside && !dirty) target.close();
    }
    for (const menu of $$("details.who[open], details.pop[open]")) if (!menu.contains(target)) menu.open = false;
    const copier = target.closest("[data-copy]");
    if (copier) {
      const source = document.getElementById(copier.dataset.copy);
      navigator.clipboard?.writeText(source.textContent.trim()).then(() => say("Copied"), () => say("Copying is not allowed here", "bad"));
    }
    const themed = target.closest("[data-theme-choice]");
    if (themed) {
      document.documentElement.dataset.theme = themed.value;
      for (const button of $$("[data-theme-choice]")) button.setAttribute("aria-pressed", String(button.value === themed.value));
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const menu of $$("details.who[open], details.pop[open]")) {
      menu.open = false;
      $("summary", menu).focus();
    }
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest("input, textarea, select, [contenteditable]")) {
      const search = $("input[type=search]");
      if (search) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    }
  });

  // Asking before what cannot be undone: `data-confirm="Question"` on a form or button, `data-confirm-verb`, `data-confirm-more`.
  function ask(element, go) {
    const dialog = $("#confirm");
    $("h2", dialog).textContent = element.dataset.confirm;
    $("p", dialog).textContent = element.dataset.confirmMore || "";
    const sure = $("[value=sure]", dialog);
    sure.textContent = element.dataset.confirmVerb || "Yes, go on";
    sure.className = element.hasAttribute("data-confirm-calm") ? "btn primary" : "btn danger sure";
    dialog.returnValue = "";
    dialog.addEventListener("close", () => { if (dialog.returnValue === "sure") go(); }, { once: true });
    dialog.showModal();
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const asker = event.submitter?.dataset.confirm ? event.submitter : form;
    if (!asker.dataset?.confirm || form.dataset.sure) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(asker, () => {
      form.dataset.sure = "1";
      form.requestSubmit(event.submitter);
      delete form.dataset.sure;
    });
  }, true);
  document.addEventListener("htmx:confirm", (event) => {
    const element = event.detail.elt;
    if (!element.dataset.confirm || element.dataset.sure || element.matches("form") || element.closest("form[data-sure]")) return;
    event.preventDefault();
    ask(element, () => event.detail.issueRequest(true));
  });

  // A form that is on its way is not sent twice.
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method !== "post" || event.target.hasAttribute("hx-post")) return;
    const form = event.target;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
  addEventListener("pageshow", () => $$("form[data-sent]").forEach((form) => delete form.dataset.sent));

  // Live parts: `data-live="/address" data-every="5"` is fetched again while the page is looked at, and morphed in place.
  // Never while somebody types, selects, has ticked something or has a menu open in it, and never two at a time.
  const running = new WeakSet();
  async function refresh(part) {
    if (running.has(part) || document.hidden || part.contains(document.activeElement?.closest("input, select, textarea"))) return;
    if ($("dialog[open], details.pop[open], input[type=checkbox]:checked", part) || (getSelection()?.toString() && part.contains(getSelection().anchorNode))) return;
    running.add(part);
    try {
      const swap = part.dataset.swap || "morph:innerHTML";
      await htmx.ajax("GET", part.dataset.live, { source: part, target: part, swap, headers: { "Wayfare-Live": "1" } });
    } catch { /* the next round tries again */ } finally {
      running.delete(part);
    }
  }
  let beat = 0;
  setInterval(() => {
    beat += 1;
    for (const part of $$("[data-live]")) if (beat % Math.max(1, Number(part.dataset.every || 5)) === 0) refresh(part);
  }, 1000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) $$("[data-live]").forEach(refresh); });

  // Fields that send their form as soon as they change: `data-auto` on a form, for filters.
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form[data-auto]");
    if (form && event.target.matches("select, input[type=checkbox], input[type=date]")) form.requestSubmit();
  });

  // On a narrow screen a row of tabs begins with the one that the reader is at.
  function showTab() {
    for (const tab of $$(".tabs [aria-current]")) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - 24;
  }

  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt.parentElement || document));
  document.addEventListener("DOMContentLoaded", () => {
    prepare(document);
    showTab();
    $("input.typed-over[autofocus]")?.select();
  });
})();
