// One queue for everything that saves. Never two requests in flight: two saves of one person must not meet.
import { Lost } from "./api.js";

const FIRST_WAIT = 1000; // milliseconds
const LONGEST_WAIT = 15_000;
const TRIES = 5; // for an answer that says that the server is at fault

// An item has `send()`, which returns {status, data}, and `settle(answer)`. Optional: `recover()`, called before it is sent
// again after nobody answered, says whether it is still to be sent; `joins(item)` takes a later item in; `fail(error)` is
// called when one of the others raised an error.
// Listeners hear of "saved", "saving", "offline" and "failing", with words.
export function makeQueue(onState) {
  const items = [];
  let isRunning = false;
  let hurry = () => {};
  let idle = [];

  const pause = (time) => new Promise((done) => {
    const timer = setTimeout(done, time);
    hurry = () => { clearTimeout(timer); done(); };
  });

  const off = (item) => { const at = items.indexOf(item); if (at >= 0) items.splice(at, 1); };

  // An error in an item is the item's alone: what waits behind it goes on, and whoever waits for it hears of it.
  function failed(item, error) {
    console.error(error);
    try { item.fail?.(error); } catch (worse) { console.error(worse); }
    return "Not saved: something went wrong. Reload the page to see what is saved";
  }

  async function run() {
    isRunning = true;
    let wait = FIRST_WAIT;
    let tries = 0;
    let trouble = "";
    const again = async (state, words) => {
      tries += 1;
      onState(state, words);
      await pause(wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    };
    while (items.length) {
      const item = items[0];
      item.isSent = true;
      if (!tries) onState("saving");
      let answer = null; // stays null when the item need not be sent any more
      try {
        if (!tries || !item.recover || (await item.recover())) answer = await item.send();
        const isBroken = answer && (answer.status >= 500 || answer.status === 429);
        if (answer?.status === 401 || (isBroken && tries < TRIES)) {
          await again("failing", answer.status === 401 ? answer.data.message : "Not saved: the server has trouble, trying again");
          continue;
        }
        off(item);
        if (answer) await item.settle(answer);
      } catch (error) {
        if (!answer && error instanceof Lost) {
          await again("offline", "Not saved: offline, trying again");
          continue;
        }
        off(item);
        trouble = failed(item, error);
      }
      tries = 0;
      wait = FIRST_WAIT;
    }
    isRunning = false;
    onState(trouble ? "failing" : "saved", trouble || undefined);
    const waiting = idle;
    idle = [];
    for (const done of waiting) done();
  }

  addEventListener("online", () => hurry());

  return {
    push(item) {
      const last = items[items.length - 1];
      if (last && !last.isSent && last.joins?.(item)) return last;
      items.push(item);
      if (!isRunning) run();
      return item;
    },
    drop: (test) => { for (let at = items.length - 1; at >= 0; at -= 1) if (test(items[at])) items.splice(at, 1); },
    items: () => items,
    isBusy: () => isRunning,
    hurry: () => hurry(),
    // Resolves when everything that is in the queue now, and what came meanwhile, is saved.
    settled: () => (isRunning ? new Promise((done) => idle.push(done)) : Promise.resolve()),
  };
}
