// A file of codes is shown once: when its download has begun, the form gives way to what comes next.
"use strict";
(() => {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-once]") || form.querySelector('[name=to][value=pool]:checked')) return;
    const next = form.parentElement.querySelector(".made");
    setTimeout(() => {
      form.hidden = true;
      next.hidden = false;
      next.focus();
    }, 400); // the request is on its way by then
  });
})();
