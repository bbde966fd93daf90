// The steps of one way out of a split, and what their copies have for themselves. Pure but for the draft that it reads.
import { edgesFrom, edgesTo } from "./graph.js";

// Return {from, port, label} of the last way out of several that leads to a step; null where there is none.
export function branchOf(draft, id) {
  const seen = new Set();
  let here = id;
  while (here && !seen.has(here)) {
    seen.add(here);
    const edge = edgesTo(draft.graph, here)[0];
    if (edge && draft.ports(edge.from).length > 1) return { from: edge.from, port: edge.port, label: draft.portLabel(edge.from, edge.port) };
    here = edge?.from;
  }
  return null;
}

// Return the steps that only this way leads to, in their order, with the arrows that leave them: {nodes, edges}.
export function stepsOf(draft, from, port) {
  const { graph } = draft;
  const first = graph.edges.get(`${from}:${port}`)?.to;
  const found = first ? [first] : [];
  for (const id of found) {
    for (const { to } of edgesFrom(graph, id)) if (!found.includes(to) && edgesTo(graph, to).every((edge) => found.includes(edge.from))) found.push(to);
  }
  const isOnlyHere = first && edgesTo(graph, first).length === 1;
  const ids = isOnlyHere ? found.filter((id) => graph.nodes.has(id)) : [];
  return { nodes: ids.map((id) => graph.nodes.get(id)), edges: ids.flatMap((id) => edgesFrom(graph, id)), notes: [] };
}

// Return the other ways out of a step that have steps of their own: [{port, label, part}].
export const filled = (draft, from) => draft.ports(from).map(({ name, label }) => ({ port: name, label, part: stepsOf(draft, from, name) })).filter((one) => one.part.nodes.length);

const own = (draft, type) => draft.types[type]?.own ?? [];
const word = (label) => (/^everyone else$/i.test(label) ? "others" : label.toLowerCase().replace(/[^\p{L}\p{N}.]+/gu, "-").replace(/^-+|-+$/g, ""));

// Return what steps have for themselves, as "type name value", with the step that has it.
export function ownValues(draft) {
  const found = new Map();
  for (const node of draft.graph.nodes.values()) for (const name of own(draft, node.type)) found.set(`${node.type} ${name} ${node.settings?.[name]}`, node.id);
  return found;
}

// Return a step with values of its own where another step has them: "birthday-vip" becomes "birthday-loyal" on the branch
// Loyal, and "birthday-vip-2" on none. `taken` learns what was given.
export function apart(draft, node, branch, taken) {
  const settings = { ...node.settings };
  for (const name of own(draft, node.type)) {
    const value = settings[name];
    const key = (text) => `${node.type} ${name} ${text}`;
    if (typeof value !== "string" || !value) continue;
    if (taken.has(key(value))) {
      const before = word(branchOf(draft, taken.get(key(value)))?.label ?? "");
      const after = word(branch);
      const stem = before && value.endsWith(before) && after ? value.slice(0, value.length - before.length) : after ? `${value}-` : value;
      const base = `${stem}${after}`.slice(0, 90);
      let next = base;
      for (let number = 2; taken.has(key(next)); number += 1) next = `${base}-${number}`;
      settings[name] = next;
    }
    taken.set(key(settings[name]), node.id);
  }
  return { ...node, settings };
}
