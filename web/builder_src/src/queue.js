// One queue for everything that saves. Never two requests in flight: two saves of one person must not meet.
import { Lost } from "./api.js";

const FIRST_WAIT = 1000; // milliseconds
const LONGEST_WAIT = 15_000;
const TRIES = 5; // for an answer that says that the server is at fault

// An item has `send()`, which returns {status, data}, and `settle(answer)`. Optional: `recover()`, called before it is sent
// again after nobody answered, says whether it is still to be sent; `joins(item)` takes a later item in.
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

  async function run() {
    isRunning = true;
    let wait = FIRST_WAIT;
    let tries = 0;
    while (items.length) {
      const item = items[0];
      item.isSent = true;
      if (!tries) onState("saving");
      try {
        if (tries && item.recover && !(await item.recover())) {
          items.shift();
          tries = 0;
          continue;
        }
        const answer = await item.send();
        const isBroken = answer.status >= 500 || answer.status === 429;
        if (answer.status === 401 || (isBroken && tries < TRIES)) {
          tries += 1;
          onState("failing", answer.status === 401 ? answer.data.message : "Not saved: the server has trouble, trying again");
          await pause(wait);
          wait = Math.min(wait * 2, LONGEST_WAIT);
          continue;
        }
        items.shift();
        tries = 0;
        wait = FIRST_WAIT;
        await item.settle(answer);
      } catch (error) {
        if (!(error instanceof Lost)) {
          items.shift();
          isRunning = false;
          throw error;
        }
        tries += 1;
        onState("offline", "Not saved: offline, trying again");
        await pause(wait);
        wait = Math.min(wait * 2, LONGEST_WAIT);
      }
    }
    isRunning = false;
    onState("saved");
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
