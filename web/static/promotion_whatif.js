// What if: printing, and the whole page anew once the answer is there.
(() => {
  "use strict";
  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-print]")) {
      button.hidden = false;
      button.addEventListener("click", () => window.print());
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const past = event.target.closest?.("#past[data-live]");
    if (past && !past.querySelector(".past-wait")) location.reload();
  });
})();
