// A segment made in place: a dialog over the form that needs it.
import { $, failed, fragment, send } from "forms/dom.js";
import { inputOf, settle } from "forms/combo.js";

let asking = ""; // the id of the picker for which it is made

document.addEventListener("wayfare:create", async ({ target: combo, detail: { name } }) => {
  asking = inputOf(combo).id;
  const response = await fetch(`/segments/new?${new URLSearchParams({ dialog: "1", name })}`, { headers: { "HX-Request": "true" } }).catch(() => ({ ok: false }));
  if (!response.ok) return failed("The dialog did not open", "Check the connection and try again.");
  $("#dialogs").replaceChildren(fragment(await response.text()));
  const dialog = $("#dialogs dialog");
  dialog.removeAttribute("data-open");
  return dialog.showModal();
});

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
    const combo = document.getElementById(asking)?.closest(".combo");
    if (!combo) return;
    settle(combo, made.key, made.name);
    inputOf(combo).focus();
  } catch {
    failed("The segment was not saved", "Check the connection and try again.");
  } finally {
    delete form.dataset.busy;
  }
}
