// The draft: what the server has confirmed, and on top of it what is still on its way. Knows nothing of the canvas.
import { apply, readGraph, renamed } from "./graph.js";
import { makeEvents } from "./events.js";
import { makeQueue } from "./queue.js";

export const TAB = Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, "0")).join("");

// Events: "change" (graph, cards or problems), "state" (saving, undo, redo), "conflict" (message), "refused" (message),
// "edited" (own: whether it was ours, ids of cards that changed), "renamed" (ids).
export function makeDraft(api) {
  const events = makeEvents();
  const draft = { graph: readGraph({}), cards: {}, problems: new Map(), types: {}, may: {}, versions: [], begun: new Set(), rev: 0, undo: null, redo: null, ...events };
  let confirmed = draft.graph;
  let next = 1;
  const queue = makeQueue((state, words) => {
    draft.saving = { state, words };
    events.tell("state");
  });
  draft.saving = { state: "saved" };
  draft.queue = queue;

  const waiting = () => queue.items().filter((item) => item.ops).flatMap((item) => item.ops);
  const numberOf = (id) => Number(/^n(\d+)$/.exec(id || "")?.[1] || 0);

  function rebuild() {
    draft.graph = apply(confirmed, waiting());
    events.tell("change");
  }

  function learn(data) {
    if (data.next_id) next = Math.max(next, numberOf(data.next_id));
    if ("undo" in data) draft.undo = data.undo;
    if ("redo" in data) draft.redo = data.redo;
    Object.assign(draft.cards, data.cards);
    const found = data.problems;
    if (Array.isArray(found)) {
      draft.problems = new Map();
      for (const one of found) draft.problems.set(one.node, [...(draft.problems.get(one.node) || []), one]);
    } else if (found?.changed) {
      for (const [id, list] of Object.entries(found.changed)) {
        if (list.length) draft.problems.set(id, list);
        else draft.problems.delete(id);
      }
    }
  }

  // Take an Edit of the server in. `item` is the one that it answers, no longer in the queue.
  function take(data, isOwn) {
    if (data.rev < draft.rev) return;
    confirmed = apply(confirmed, [...(data.since || []), ...(data.applied || [])]);
    draft.rev = data.rev;
    learn(data);
    for (const id of draft.problems.keys()) if (id && !confirmed.nodes.has(id)) draft.problems.delete(id);
    rebuild();
    events.tell("state");
    events.tell("edited", { isOwn, ids: Object.keys(data.cards || {}), since: data.since || [], applied: data.applied || [] });
  }
  draft.take = take;

  draft.load = async () => {
    const { status, data } = await api.get("/draft");
    if (status !== 200) throw new Error(data.message || "The journey could not be read.");
    Object.assign(draft, { key: data.key, name: data.name, status: data.status, rev: data.rev, may: data.may, types: data.types, versions: data.versions || [] });
    confirmed = readGraph(data.graph);
    draft.cards = {};
    learn(data);
    for (const id of confirmed.nodes.keys()) next = Math.max(next, numberOf(id) + 1);
    rebuild();
    events.tell("state");
  };

  draft.newId = () => `n${next++}`;
  draft.newNoteId = () => {
    let at = 1;
    while (draft.graph.notes.has(`note${at}`)) at += 1;
    return `note${at}`;
  };

  // Two tabs may have given the same id to two new steps: ours gets another one, here and in what waits behind it.
  function renameTaken(item) {
    const ids = new Map();
    for (const op of item.ops) {
      if (op.op === "add_node" && confirmed.nodes.has(op.node.id)) ids.set(op.node.id, draft.newId());
      if (op.op === "add_note" && confirmed.notes.has(op.note.id)) ids.set(op.note.id, `${op.note.id}x${TAB.slice(0, 4)}`);
    }
    if (!ids.size) return false;
    for (const one of [item, ...queue.items()]) if (one.ops) one.ops = renamed(one.ops, ids);
    events.tell("renamed", ids);
    return true;
  }

  function refuse(answer) {
    const { status, data } = answer;
    if (status === 409 && data.rev && !data.reload) {
      take({ ...data, applied: [] }, false);
      events.tell("conflict", data);
      return;
    }
    events.tell("refused", data.message || (status === 403 ? "You may not change this journey." : "This could not be saved."));
    draft.load().catch(() => {});
  }

  // The draft was read anew while an item was on its way: what it answers cannot be put on top of that.
  async function afresh(answer) {
    await draft.load();
    if (answer.status === 200) events.tell("edited", { isOwn: true, ids: Object.keys(answer.data.cards || {}), since: [], applied: [] });
    else events.tell("conflict", answer.data);
  }

  // Carry out operations: at once here, then on the server. Resolves with the answer.
  draft.commit = (label, ops, { tidy = false } = {}) => {
    if (!draft.may.edit || !ops.length) return Promise.resolve(null);
    return new Promise((done) => {
      const item = {
        ops, label, tidy, done, base: null,
        // When nobody answered, the same is sent again on the same base: the server knows an edit that it has carried out.
        send: () => {
          item.base ??= draft.rev;
          return api.post("/draft/ops", { base: item.base, ops: item.ops, label: item.label, tidy: item.tidy, client: TAB });
        },
        fail: () => { done({ status: 0, data: {} }); draft.load().catch(() => {}); },
        joins: (later) => {
          const isMove = (one) => one.ops?.length === 1 && one.ops[0].op === "move" && !one.tidy;
          if (!isMove(item) || !isMove(later)) return false;
          item.ops = [{ op: "move", positions: { ...item.ops[0].positions, ...later.ops[0].positions } }];
          later.done(null);
          return true;
        },
        settle: async (answer) => {
          const isMet = answer.status === 409 && answer.data.rev && !answer.data.reload;
          if ((answer.status === 200 || isMet) && item.base !== draft.rev) await afresh(answer);
          else if (answer.status === 200) take(answer.data, true);
          else if (isMet) {
            confirmed = apply(confirmed, answer.data.since || []);
            draft.rev = answer.data.rev;
            learn(answer.data);
            if (renameTaken(item)) {
              item.isSent = false;
              item.base = null;
              queue.items().unshift(item);
              rebuild();
              return;
            }
            rebuild();
            events.tell("edited", { isOwn: false, ids: Object.keys(answer.data.cards || {}), since: answer.data.since || [], applied: [] });
            events.tell("conflict", answer.data);
          } else refuse(answer);
          done(answer);
        },
      };
      queue.push(item);
      rebuild();
    });
  };

  const stepBack = (which) => () => new Promise((done) => {
    if (!draft.may.edit) return done(null);
    const rev = () => draft.rev;
    let base = null;
    return queue.push({
      send: () => { base = rev(); return api.post(`/draft/${which}`, { base, client: TAB }); },
      recover: async () => { await draft.load(); return draft.rev === base; },
      settle: (answer) => {
        if (answer.status === 200) take(answer.data, true);
        else refuse(answer);
        done(answer);
      },
      fail: () => { done({ status: 0, data: {} }); draft.load().catch(() => {}); },
    });
  });
  draft.stepBack = stepBack("undo");
  draft.stepForth = stepBack("redo");

  // Send something else through the queue: a form, the name. `send` is called when its turn has come.
  draft.enqueue = (item) => queue.push(item);

  draft.ports = (id) => {
    const card = draft.cards[id];
    if (card) return card.ports;
    return draft.types[draft.graph.nodes.get(id)?.type]?.ports || [];
  };
  draft.typeOf = (id) => draft.types[draft.graph.nodes.get(id)?.type];
  draft.isTrigger = (id) => draft.cards[id]?.is_trigger ?? draft.typeOf(id)?.category === "trigger";
  draft.title = (id) => draft.cards[id]?.title || draft.typeOf(id)?.label || id;
  draft.summary = (id) => draft.cards[id]?.summary || "";
  draft.called = (id) => (draft.summary(id) ? `${draft.title(id)}: ${draft.summary(id)}` : draft.title(id));
  draft.portLabel = (id, port) => draft.ports(id).find((one) => one.name === port)?.label || port;
  draft.nodeProblems = (id) => draft.problems.get(id) || [];
  draft.allProblems = () => [...draft.problems.values()].flat();
  return draft;
}
