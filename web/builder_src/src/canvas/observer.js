// The ResizeObserver that the bundle uses in place of the browser's (see build.mjs). React Flow hears of each card's size as
// soon as the card is there, measures all its ports and draws it again. The canvas has told both before: with 300
// cards that doubled the time until everything was there. What differs from the told size is passed on.
const Native = globalThis.ResizeObserver;
const told = new Map();

// Say how big a card is going to be, in pixels at zoom 1.
export const tell = (id, { width, height }) => told.set(id, `${width} ${height}`);

function isNews({ target, borderBoxSize: [size] }) {
  const known = told.get(target.dataset.id);
  if (!known) return true;
  told.delete(target.dataset.id); // from now on each change counts
  return known !== `${size.inlineSize} ${size.blockSize}`;
}

export class ResizeObserver extends Native {
  constructor(listener) {
    super((entries, self) => {
      const news = entries.filter(isNews);
      if (news.length) listener(news, self);
    });
  }
}
