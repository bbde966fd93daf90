// The size of a card, as the page tells it; builder/tidy.py decides it, and lays cards out by it.
const [width, height] = document.getElementById("builder").dataset.card.split(" ").map(Number);

export const CARD = { width, height };
