// What a person can do to the graph, as operations. Each command commits one edit: one revision, one step of undo.
import { apply, edgesFrom, edgesTo, leads } from "./graph.js";
import { speak } from "./dom.js";
import { apart, branchOf, ownValues } from "./branches.js";
import { CARD } from "./size.js";

const ROW = 164; // from one layer to the next

export function makeCommands(draft, settings) {
  const round = ([x, y]) => [Math.round(x), Math.round(y)];
  const label = (type) => draft.types[type]?.label || type;
  const place = (id) => draft.graph.nodes.get(id)?.position || [0, 0];
  const tidy = () => settings.isTidy();

  function freePort(id) {
    const taken = new Set(edgesFrom(draft.graph, id).map((edge) => edge.port));
    return draft.ports(id).find((port) => !taken.has(port.name))?.name;
  }

  const canContinue = (type) => (draft.types[type]?.ports || []).length > 0;
  const canFollow = (type) => draft.types[type] && draft.types[type].category !== "trigger";

  // Without tidying, what stands below an insert moves down, so that nothing lies upon anything.
  function pushDown(from, newY) {
    const positions = {};
    const seen = new Set();
    const todo = [from];
    const [, top] = place(from);
    const by = Math.max(0, newY + ROW - top);
    if (!by) return [];
    while (todo.length) {
      const id = todo.pop();
      if (seen.has(id)) continue;
      seen.add(id);
      const [x, y] = place(id);
      if (y >= top) positions[id] = [x, y + by];
      for (const edge of edgesFrom(draft.graph, id)) todo.push(edge.to);
    }
    return [{ op: "move", positions }];
  }

  async function commitNew(id, type, ops, isTidy) {
    const answer = draft.commit(`Add ${label(type)}`, ops, { tidy: isTidy });
    speak(`${label(type)} added`);
    settings.onAdded(id, answer);
    return id;
  }

  const commands = {
    canContinue,
    canFollow,
    freePort,

    // Add a step where there is room; `at` is the middle of its card.
    addAt(type, at) {
      const id = draft.newId();
      const position = round([at[0] - CARD.width / 2, at[1] - CARD.height / 2]);
      return commitNew(id, type, [{ op: "add_node", node: { id, type, position } }], false);
    },

    // Add a step behind a port of another; what came there before comes behind the new one.
    addAfter(from, port, type) {
      if (!canFollow(type)) return commands.addFirst(type);
      const edge = draft.graph.edges.get(`${from}:${port}`);
      if (edge && !canContinue(type)) return commands.addBeside(from, type);
      const id = draft.newId();
      const [x, y] = place(from);
      const at = draft.ports(from).findIndex((one) => one.name === port);
      const shift = draft.ports(from).length > 1 ? (at - (draft.ports(from).length - 1) / 2) * (CARD.width + 36) : 0;
      const position = round([x + shift, y + ROW]);
      const ops = [{ op: "add_node", node: { id, type, position } }, { op: "add_edge", edge: { from, port, to: id } }];
      if (edge) {
        ops.push({ op: "add_edge", edge: { from: id, port: draft.types[type].ports[0].name, to: edge.to } });
        if (!tidy()) ops.push(...pushDown(edge.to, position[1]));
      }
      // Beside other ways out the new step would stand upon them: branches always fan out at once.
      return commitNew(id, type, ops, tidy() || (!edge && draft.ports(from).length > 1));
    },

    addBeside(from, type) {
      const [x, y] = place(from);
      return commands.addAt(type, [x + CARD.width * 1.5 + 36, y + ROW + 32]);
    },

    // A step that nothing leads to: a trigger on an empty canvas, or above everything else.
    addFirst(type) {
      const tops = [...draft.graph.nodes.values()].map((node) => node.position);
      const at = tops.length ? [Math.max(...tops.map((one) => one[0])) + CARD.width * 1.5 + 36, Math.min(...tops.map((one) => one[1])) + 32] : [CARD.width / 2, 32];
      return commands.addAt(type, at);
    },

    // Add behind a step: at its first port that leads nowhere, else in between at its first port.
    addBehind(id, type) {
      const port = freePort(id) ?? draft.ports(id)[0]?.name;
      return port && canFollow(type) ? commands.addAfter(id, port, type) : commands.addBeside(id, type);
    },

    // Put a step that is already there, without edges, onto an edge.
    insertExisting(id, edge) {
      const port = draft.ports(id)[0]?.name;
      if (!port || draft.isTrigger(id)) return null;
      const ops = [{ op: "add_edge", edge: { ...edge, to: id } }, { op: "add_edge", edge: { from: id, port, to: edge.to } }];
      return draft.commit(`Insert ${draft.title(id)}`, ops, { tidy: tidy() });
    },

    canConnect(from, to) {
      return from !== to && draft.graph.nodes.has(to) && !draft.isTrigger(to) && !leads(draft.graph, to, from);
    },

    connect(from, port, to) {
      if (!commands.canConnect(from, to) || draft.graph.edges.get(`${from}:${port}`)?.to === to) return null;
      speak(`${draft.title(from)} leads to ${draft.title(to)}`);
      return draft.commit("Connect", [{ op: "add_edge", edge: { from, port, to } }]);
    },

    removeArrows(keys) {
      const ops = keys.map((key) => draft.graph.edges.get(key)).filter(Boolean).map(({ from, port }) => ({ op: "remove_edge", from, port }));
      if (!ops.length) return null;
      speak(ops.length > 1 ? `${ops.length} arrows removed` : "Arrow removed");
      return draft.commit(ops.length > 1 ? `Remove ${ops.length} arrows` : "Remove arrow", ops);
    },

    move(positions) {
      const changed = Object.entries(positions).filter(([id, at]) => {
        const [x, y] = (draft.graph.nodes.get(id) || draft.graph.notes.get(id))?.position || [];
        return x !== undefined && (x !== at[0] || y !== at[1]);
      });
      if (!changed.length) return null;
      return draft.commit("Move", [{ op: "move", positions: Object.fromEntries(changed.map(([id, at]) => [id, round(at)])) }]);
    },

    // Remove steps and notes; where one had one way in and one out, what was around it is joined.
    remove(ids) {
      const gone = new Set(ids);
      const ops = [];
      const { graph } = draft;
      for (const edge of graph.edges.values()) {
        if (gone.has(edge.from) || !gone.has(edge.to)) continue;
        let to = edge.to;
        const seen = new Set();
        while (gone.has(to) && !seen.has(to)) {
          seen.add(to);
          const out = edgesFrom(graph, to);
          to = out.length === 1 && edgesTo(graph, to).length === 1 ? out[0].to : null;
        }
        if (to && !gone.has(to)) ops.push({ op: "add_edge", edge: { from: edge.from, port: edge.port, to } });
      }
      const removals = ids.map((id) => ({ op: graph.notes.has(id) ? "remove_note" : "remove_node", id }));
      if (!removals.length) return null;
      const label = ids.length > 1 ? `Delete ${ids.length} steps` : graph.notes.has(ids[0]) ? "Delete note" : `Delete ${draft.title(ids[0])}`;
      speak(`${label.replace("Delete", "Deleted")}`);
      return draft.commit(label, [...removals, ...ops], { tidy: tidy() && ops.length > 0 });
    },

    // Add copies: `part` has nodes, edges and notes; `by` is how far they stand from the originals.
    addCopies(part, by, label) {
      const ids = new Map();
      const ops = [];
      const taken = ownValues(draft);
      const moved = (position) => round([(position?.[0] || 0) + by[0], (position?.[1] || 0) + by[1]]);
      for (const { id, ...node } of part.nodes) {
        ids.set(id, draft.newId());
        ops.push({ op: "add_node", node: { ...apart(draft, node, "", taken), id: ids.get(id), position: moved(node.position) } });
      }
      const arrows = (part.edges || []).filter((edge) => ids.has(edge.from) && ids.has(edge.to));
      for (const edge of arrows) ops.push({ op: "add_edge", edge: { from: ids.get(edge.from), port: edge.port, to: ids.get(edge.to) } });
      let graph = draft.graph;
      for (const note of part.notes || []) {
        let at = 1;
        while (graph.notes.has(`note${at}`)) at += 1;
        const op = { op: "add_note", note: { ...note, id: `note${at}`, position: moved(note.position) } };
        graph = apply(graph, [op]);
        ids.set(`note ${note.id}`, op.note.id);
        ops.push(op);
      }
      const answer = draft.commit(label, ops);
      return { ids: [...ids.values()], answer };
    },

    // Put copies of `part` behind ports that lead nowhere yet, each [node, port]; one edit for all of them. What the originals
    // lead on to, the copies lead on to as well.
    fill(ports, part, label) {
      const ops = [];
      const made = [];
      const taken = ownValues(draft);
      const inside = new Set(part.nodes.map((node) => node.id));
      const into = new Set(part.edges.filter((edge) => inside.has(edge.from)).map((edge) => edge.to));
      const first = part.nodes.find((node) => !into.has(node.id));
      for (const [from, port] of ports) {
        const [x, y] = place(from);
        const branch = draft.ports(from).length > 1 ? draft.portLabel(from, port) : branchOf(draft, from)?.label ?? "";
        const ids = new Map(part.nodes.map((node) => [node.id, draft.newId()]));
        const by = [x - first.position[0], y + ROW - first.position[1]];
        for (const node of part.nodes) ops.push({ op: "add_node", node: { ...apart(draft, node, branch, taken), id: ids.get(node.id), position: round([node.position[0] + by[0], node.position[1] + by[1]]) } });
        ops.push({ op: "add_edge", edge: { from, port, to: ids.get(first.id) } });
        for (const edge of part.edges) {
          const to = ids.get(edge.to) ?? (draft.graph.nodes.has(edge.to) && edge.to);
          if (ids.has(edge.from) && to) ops.push({ op: "add_edge", edge: { from: ids.get(edge.from), port: edge.port, to } });
        }
        made.push(...ids.values());
      }
      speak(label);
      return { ids: made, answer: draft.commit(label, ops, { tidy: true }) };
    },

    duplicate(ids) {
      const part = commands.part(ids);
      if (!part.nodes.length && !part.notes.length) return null;
      const by = part.nodes.length > 1 ? [Math.max(...part.nodes.map((one) => one.position[0])) - Math.min(...part.nodes.map((one) => one.position[0])) + CARD.width + 36, 0] : [CARD.width + 36, 0];
      return commands.addCopies(part, by, part.nodes.length === 1 ? `Duplicate ${draft.title(part.nodes[0].id)}` : `Duplicate ${ids.length} steps`);
    },

    // Return the chosen steps and notes, with the edges between them.
    part(ids) {
      const chosen = new Set(ids);
      const { graph } = draft;
      return {
        nodes: [...graph.nodes.values()].filter((node) => chosen.has(node.id)),
        edges: [...graph.edges.values()].filter((edge) => chosen.has(edge.from) && chosen.has(edge.to)),
        notes: [...graph.notes.values()].filter((note) => chosen.has(note.id)),
      };
    },

    // Put a whole journey's text in the place of this draft.
    replaceAll(document) {
      const { nodes = [], edges = [], notes = [], schema, ...values } = document;
      const ids = new Map(nodes.map((node) => [node.id, draft.newId()])); // an id belongs to one step for ever
      const name = (id) => ids.get(id) ?? id;
      const ops = [
        ...[...draft.graph.nodes.keys()].map((id) => ({ op: "remove_node", id })),
        ...[...draft.graph.notes.keys()].map((id) => ({ op: "remove_note", id })),
        ...nodes.map((node) => ({ op: "add_node", node: { ...node, id: name(node.id) } })),
        ...edges.map((edge) => ({ op: "add_edge", edge: { ...edge, from: name(edge.from), to: name(edge.to) } })),
        ...notes.map((note) => ({ op: "add_note", note })),
      ];
      const known = ["entry", "goals", "exit_rules", "quiet_hours", "window"];
      const kept = Object.fromEntries(Object.entries(values).filter(([name]) => known.includes(name)));
      if (Object.keys(kept).length) ops.push({ op: "set_journey", values: kept });
      return draft.commit("Paste a whole journey", ops);
    },

    tidyUp(label = "Tidy up") {
      const ids = [...draft.graph.nodes.keys()];
      if (!ids.length) return null;
      return draft.commit(label, [{ op: "move", positions: { [ids[0]]: place(ids[0]) } }], { tidy: true });
    },

    addNote(at) {
      const id = draft.newNoteId();
      draft.commit("Add note", [{ op: "add_note", note: { id, text: "", position: round(at), size: [220, 120] } }]);
      return id;
    },

    editNote(id, values) {
      const note = draft.graph.notes.get(id);
      if (!note) return null;
      const next = { text: note.text, size: note.size, ...values };
      if (next.text === note.text && String(next.size) === String(note.size)) return null;
      return draft.commit("Edit note", [{ op: "edit_note", id, ...next }]);
    },
  };
  return commands;
}
