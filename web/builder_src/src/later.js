// Style sheets and scripts that the first picture can do without: those of forms and dialogs, in `<template id="later">`.
import { $ } from "./dom.js";

let done;
export const isThere = new Promise((resolve) => { done = resolve; });

// Put them into the page. `isThere` resolves when all have arrived, or have failed to.
export function bring() {
  const parts = [...$("#later").content.cloneNode(true).children];
  const own = $('link[href*="/builder/"]'); // which has the last word
  const arrived = (part) => new Promise((go) => { part.addEventListener("load", go); part.addEventListener("error", go); });
  Promise.all(parts.filter((part) => part.src || part.href).map(arrived)).then(done);
  own.before(...parts);
}
