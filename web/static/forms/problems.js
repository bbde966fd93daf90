// From the list of problems above a form to the field.
import { $ } from "forms/dom.js";
import { unfold } from "forms/rows.js";

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-to-field]");
  const field = link && document.getElementById(link.dataset.toField);
  if (!field) return;
  event.preventDefault();
  unfold(field);
  const control = field.matches("input, select, textarea") ? field : $("[aria-invalid=true], input:not([type=hidden]), select, textarea", field) || field;
  unfold(control);
  control.focus();
  control.scrollIntoView({ block: "center" });
});
