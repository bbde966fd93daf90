// A graph wider than the screen begins in its middle, where the trigger stands. One tick for a whole column.
"use strict";
(() => {
  const seen = new WeakSet();
  function centre() {
    for (const box of document.querySelectorAll("[data-middle]")) {
      if (seen.has(box)) continue;
      seen.add(box);
      box.scrollLeft = (box.scrollWidth - box.clientWidth) / 2;
    }
  }
  document.addEventListener("DOMContentLoaded", centre);
  document.addEventListener("htmx:load", centre);
  document.addEventListener("change", (event) => {
    const name = event.target.dataset?.tickAll;
    if (!name) return;
    for (const box of event.target.form.querySelectorAll(`input[type=checkbox][name="${name}"]`)) box.checked = event.target.checked;
  });
})();
