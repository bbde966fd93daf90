// The rule editor outside the builder: the server draws it anew, one request after the other.
import { $, $$, failed, send } from "forms/dom.js";

let queue = Promise.resolve();
function redraw(form, path, click = "") {
  queue = queue.then(() => draw(form, path, click)).catch(() => failed("The rule did not change", "Check the connection and try again."));
}

async function draw(form, path, click) {
  const body = new URLSearchParams(new FormData(form));
  body.set("_path", path);
  body.set("_do", click);
  const response = await send("/forms/rule", body);
  if (!response.ok) throw new Error(response.status);
  const place = `.rule[data-rule="${path}"]`;
  const rule = $(place, form);
  const before = $$(".rule-part, .rule-group", rule).length;
  const focused = document.activeElement?.id || "";
  Idiomorph.morph(rule, (await response.text()).trim(), { morphStyle: "outerHTML", ignoreActiveValue: true });
  if (click) focus($(place, form), click.split(":"), before, focused);
}

function focus(rule, [verb, path, place = ""], before, focused) {
  const parts = $$(".rule-part, .rule-group", rule);
  if (parts.length > before && (verb === "rule-add" || verb === "rule-group")) {
    const group = place ? document.getElementById(`r-${path}-${place.replaceAll(".", "-")}`) : rule;
    const items = $$(":scope > .rule-items > li > *, :scope > .rule-group > .rule-items > li > *", group || rule);
    const last = items.at(-1) || parts.at(-1);
    $("select.subject, .rule-line select, .rule-line .combo-input", last)?.focus();
  } else if (!document.activeElement || document.activeElement === document.body) {
    (document.getElementById(focused) || $(".rule-foot .btn", rule))?.focus();
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
