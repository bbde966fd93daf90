// The graph as the browser holds it, and the operations that change it. Pure: every change gives a new graph.
//
// nodes and notes are Maps by id, edges a Map by "node:port", because one port has at most one edge.

export const edgeKey = (from, port) => `${from}:${port}`;

export function readGraph(document) {
  const { nodes = [], edges = [], notes = [], ...journey } = document || {};
  return {
    nodes: new Map(nodes.map((one) => [one.id, one])),
    edges: new Map(edges.map((one) => [edgeKey(one.from, one.port), one])),
    notes: new Map(notes.map((one) => [one.id, one])),
    journey,
  };
}

const changed = (map, id, values) => (map.has(id) ? new Map(map).set(id, { ...map.get(id), ...values }) : map);

function without(map, ...keys) {
  const rest = new Map(map);
  for (const key of keys) rest.delete(key);
  return rest;
}

const STEPS = {
  add_node: (graph, { node, index }) => {
    const entries = [...without(graph.nodes, node.id)];
    entries.splice(index ?? entries.length, 0, [node.id, { settings: {}, note: "", ...node }]);
    return { ...graph, nodes: new Map(entries) };
  },
  remove_node: (graph, { id }) => {
    const cut = [...graph.edges].filter(([, edge]) => edge.from === id || edge.to === id).map(([key]) => key);
    return { ...graph, nodes: without(graph.nodes, id), edges: without(graph.edges, ...cut) };
  },
  move: (graph, { positions }) => {
    const nodes = new Map(graph.nodes);
    const notes = new Map(graph.notes);
    for (const [id, position] of Object.entries(positions))
      for (const map of [nodes, notes]) if (map.has(id)) map.set(id, { ...map.get(id), position });
    return { ...graph, nodes, notes };
  },
  add_edge: (graph, { edge }) => ({ ...graph, edges: new Map(graph.edges).set(edgeKey(edge.from, edge.port), edge) }),
  remove_edge: (graph, { from, port }) => ({ ...graph, edges: without(graph.edges, edgeKey(from, port)) }),
  set_settings: (graph, { id, settings }) => ({ ...graph, nodes: changed(graph.nodes, id, { settings }) }),
  set_note: (graph, { id, note }) => ({ ...graph, nodes: changed(graph.nodes, id, { note }) }),
  add_note: (graph, { note }) => ({ ...graph, notes: new Map(graph.notes).set(note.id, note) }),
  remove_note: (graph, { id }) => ({ ...graph, notes: without(graph.notes, id) }),
  edit_note: (graph, { op, id, ...values }) => ({ ...graph, notes: changed(graph.notes, id, values) }),
  set_journey: (graph, { values }) => ({ ...graph, journey: { ...graph.journey, ...values } }),
};

// Operations that this browser does not know are left to the server: its answer says what came of them.
export const apply = (graph, ops) => ops.reduce((now, op) => STEPS[op.op]?.(now, op) ?? now, graph);

export const edgesFrom = (graph, id) => [...graph.edges.values()].filter((edge) => edge.from === id);
export const edgesTo = (graph, id) => [...graph.edges.values()].filter((edge) => edge.to === id);

// Say whether `to` can be reached from `from`: an edge back would close a circle.
export function leads(graph, from, to) {
  const next = new Map();
  for (const edge of graph.edges.values()) next.set(edge.from, [...(next.get(edge.from) || []), edge.to]);
  const seen = new Set();
  const todo = [from];
  while (todo.length) {
    const id = todo.pop();
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    todo.push(...(next.get(id) || []));
  }
  return false;
}

// Return the operations that give nodes and notes other ids.
export function renamed(ops, ids) {
  const name = (id) => ids.get(id) ?? id;
  return ops.map((op) => {
    const copy = { ...op };
    if (copy.id) copy.id = name(copy.id);
    if (copy.from) copy.from = name(copy.from);
    if (copy.node) copy.node = { ...copy.node, id: name(copy.node.id) };
    if (copy.note?.id) copy.note = { ...copy.note, id: name(copy.note.id) };
    if (copy.edge) copy.edge = { ...copy.edge, from: name(copy.edge.from), to: name(copy.edge.to) };
    if (copy.positions) copy.positions = Object.fromEntries(Object.entries(copy.positions).map(([id, at]) => [name(id), at]));
    return copy;
  });
}
