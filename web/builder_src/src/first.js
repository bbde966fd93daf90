// An empty canvas says what to do first: choose what makes customers enter.
import { $, element, icon } from "./dom.js";
import { groups, typeWords } from "./picker.js";

// A journey that could not be read: say so where it would stand, and offer to try again.
export function showTrouble(message) {
  document.body.classList.add("not-loaded");
  $("#first").hidden = false;
  $("#first").replaceChildren(element("div", { class: "first-card", role: "alert" },
    element("span", { class: "empty-icon bad" }, icon("alert-triangle")),
    element("h2", {}, "This journey could not be read"),
    element("p", {}, message),
    element("button", { type: "button", class: "btn primary", onclick: () => location.reload() }, "Try again")));
}

export function makeFirst(draft, choose) {
  const box = $("#first");
  let isDrawn = false;
  return function draw() {
    const isEmpty = draft.graph.nodes.size === 0;
    box.hidden = !isEmpty;
    if (!isEmpty || isDrawn) return;
    isDrawn = true;
    if (!draft.may.edit) { box.replaceChildren(element("div", { class: "first-card" }, element("h2", {}, "Nothing is here yet"), element("p", {}, "Somebody who may edit journeys has to add the first step."))); return; }
    const triggers = groups(draft.types, (_, type) => type.category === "trigger").flatMap(([, [, list]]) => list);
    box.replaceChildren(element("div", { class: "first-card" },
      element("span", { class: "empty-icon" }, icon("bolt")),
      element("h2", {}, "What starts this journey?"),
      element("p", {}, "Choose why customers enter. Everything after it can be added with the plus below the step."),
      element("div", { class: "first-list" }, ...triggers.map(([key, type]) => element("button", { type: "button", class: "pick trigger", onclick: () => choose(key) }, ...typeWords(key, type)))),
      element("p", { class: "first-more" }, "Or paste copied steps, or a whole exported journey, with ", element("kbd", {}, "Ctrl"), " ", element("kbd", {}, "V"), ".")));
  };
}
