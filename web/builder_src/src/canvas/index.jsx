// The canvas: React Flow behind a dozen functions. Nothing else in the builder knows React Flow.
import { useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";
import { flushSync } from "react-dom";
import { Background, MiniMap, ReactFlow, ReactFlowProvider, applyEdgeChanges, applyNodeChanges, useReactFlow } from "@xyflow/react";
import { tell } from "./observer.js";
import { NoteNode, StepEdge, StepNode } from "./parts.jsx";
import { lanes, portShare } from "./route.js";
import { CARD } from "../size.js";

const NODE_TYPES = { step: StepNode, memo: NoteNode };
const EDGE_TYPES = { step: StepEdge };
const { width: WIDTH, height: HEIGHT } = CARD;
const NUMBERS = 29; // more, where numbers stand below
const PORTS = { source: 11, target: 9 }; // their diameters
const marker = (color) => ({ type: "arrowclosed", width: 20, height: 20, color, markerUnits: "userSpaceOnUse" });
const ARROW = marker("var(--wire)");
const ARROW_USED = marker("var(--wire-used)");
const PRO = { hideAttribution: false };
const MAP_FROM = 12; // cards
const AHEAD = 60; // pixels around the screen that the first picture holds, too
const STRIDE = 50; // cards that come at a time after the first picture
const later = window.requestIdleCallback ? (work) => requestIdleCallback(work, { timeout: 80 }) : (work) => setTimeout(work, 30);
const GLIDE_UP_TO = 150; // cards: more of them do not move smoothly
const CLOSE = 0.7; // zoom down to which several cards are brought into sight together
const FAR = 0.45; // zoom below which a card shows its name and icon only
const ARIA = {
  "node.a11yDescription.default": "Enter opens the settings, the arrow keys walk to other steps, Delete removes.",
  "minimap.ariaLabel": "Overview; drag to move the canvas",
};

// `model` is the draft, `on` the listeners: open, select, move, connect, dropped, insert, addAfter, number, passed, text, size.
export function makeCanvas(host, model, on) {
  let flow = null;
  let nodes = [];
  let edges = [];
  let numbers = null;
  let editors = new Map();
  let isDragging = false;
  let syncing = null;
  let newNote = null;
  let zoomed = () => {};
  let lastZoom = 1;
  let present = null; // ids of the cards that are drawn already, while the first picture is being filled up; null: all
  let shown = { nodes, edges };
  let view = null; // where the first picture looks
  const listeners = new Set();
  const redraw = () => {
    const isThere = (id) => !present || present.has(id);
    shown = present ? { nodes: nodes.filter((node) => isThere(node.id)), edges: edges.filter((edge) => isThere(edge.source) && isThere(edge.target)) } : { nodes, edges };
    version += 1;
    for (const listener of listeners) listener();
  };
  let version = 0;
  const subscribe = (listener) => { listeners.add(listener); return () => listeners.delete(listener); };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const themeNow = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen === "dark" || (chosen !== "light" && dark.matches) ? "dark" : "light";
  };
  let theme = themeNow();

  const sources = new Map(); // what a React Flow node was made of: the same again is not drawn again

  function stepNode(node, old) {
    const card = model.cards[node.id];
    const ports = model.ports(node.id);
    const open = ports.filter((port) => !model.graph.edges.has(`${node.id}:${port.name}`)).map((port) => port.name).join("\n");
    const n = numbers ? numbers.nodes[node.id] || (numbers.isKnown(node.id) ? { entered: 0, here: 0, failed: 0 } : null) : null;
    const here = editors.get(node.id) || null;
    const key = [card, node.position[0], node.position[1], open, n && `${n.entered} ${n.here} ${n.failed}`, here && here.map((one) => one.name).join(), model.may.edit, ports.map((port) => port.name + port.label).join(), model.begun.has(node.id)];
    const before = sources.get(node.id);
    if (old && before && before.every((value, at) => value === key[at])) return old;
    sources.set(node.id, key);
    const height = HEIGHT + (n ? NUMBERS : 0);
    const isTrigger = model.isTrigger(node.id);
    const size = old && Boolean(old.data.numbers) === Boolean(n) ? old.measured : { width: WIDTH, height };
    if (!old) tell(node.id, size);
    return {
      ...old, id: node.id, type: "step", measured: size, handles: handles(ports, isTrigger, size.height), position: { x: node.position[0], y: node.position[1] }, ariaLabel: card?.name || model.called(node.id),
      data: { html: card?.html ?? on.provisional(node), ports, open: open ? open.split("\n") : [], isTrigger, numbers: n, editors: here, mayEdit: model.may.edit, title: model.title(node.id), isBegun: model.begun.has(node.id) },
    };
  }

  // Sizes and ports as the style sheet has them. React Flow would otherwise measure each card and each port and draw
  // everything a second time; where a font makes cards higher, what it observes comes in by `onNodesChange`.
  function handles(ports, isTrigger, height) {
    const round = (type, id, x, y) => ({ type, id, position: type === "source" ? "bottom" : "top", x: x - PORTS[type] / 2, y: y - PORTS[type] / 2, width: PORTS[type], height: PORTS[type] });
    const ways = ports.map((port, at) => round("source", port.name, WIDTH * portShare(at, ports.length), height));
    return isTrigger ? ways : [round("target", "in", WIDTH / 2, 0), ...ways];
  }

  function noteNode(note, old) {
    const key = [note.text, note.position[0], note.position[1], String(note.size), model.may.edit];
    const before = sources.get(note.id);
    if (old && before && before.every((value, at) => value === key[at])) return old;
    sources.set(note.id, key);
    const [width, height] = note.size || [220, 120];
    return {
      ...old, id: note.id, type: "memo", position: { x: note.position[0], y: note.position[1] }, zIndex: -1, width, height, ariaLabel: `Note: ${note.text || "empty"}`,
      data: { text: note.text, mayEdit: model.may.edit, onText: on.text, onSize: on.size, isNew: newNote === note.id },
    };
  }

  function ends(edge) {
    const [from, to] = [model.graph.nodes.get(edge.from), model.graph.nodes.get(edge.to)];
    const ports = model.ports(edge.from);
    const at = Math.max(0, ports.findIndex((port) => port.name === edge.port));
    const height = flow?.getNode(edge.from)?.measured?.height || HEIGHT;
    return { key: `${edge.from}:${edge.port}`, from: edge.from, to: edge.to, sx: from.position[0] + WIDTH * portShare(at, ports.length || 1), sy: from.position[1] + height, tx: to.position[0] + WIDTH / 2, ty: to.position[1] };
  }

  function makeEdges() {
    const { graph } = model;
    const drawn = [...graph.edges.values()].filter((edge) => graph.nodes.has(edge.from) && graph.nodes.has(edge.to) && (!model.cards[edge.from] || model.ports(edge.from).some((port) => port.name === edge.port)));
    const boxes = new Map([...graph.nodes.values()].map((node) => [node.id, { x: node.position[0], y: node.position[1], width: WIDTH, height: flow?.getNode(node.id)?.measured?.height || HEIGHT }]));
    const places = drawn.map(ends);
    const detours = lanes(boxes, places);
    const into = Map.groupBy(drawn, (edge) => edge.to);
    const outOf = Map.groupBy(places, (place) => place.from);
    const steps = new Map();
    for (const group of outOf.values()) {
      if (group.length < 2) continue;
      const left = group.filter((one) => one.tx < one.sx - 2).sort((a, b) => a.sx - b.sx);
      const right = group.filter((one) => one.tx > one.sx + 2).sort((a, b) => b.sx - a.sx);
      for (const side of [left, right]) side.forEach((one, at) => steps.set(one.key, Math.min(at * 9, 27)));
    }
    const most = numbers ? Math.max(1, ...drawn.map((edge) => numbers.edges[`${edge.from}:${edge.port}`]?.count || 0)) : 1;
    const old = new Map(edges.map((edge) => [edge.id, edge]));
    return drawn.map((edge) => {
      const id = `${edge.from}:${edge.port}`;
      const ports = model.ports(edge.from);
      const n = numbers?.edges[id] ?? (numbers && numbers.isKnown(edge.from) ? { count: 0, share: null } : null);
      const data = {
        label: ports.length > 1 || edge.port !== "next" ? model.portLabel(edge.from, edge.port) : "",
        count: n ? n.count : undefined, share: n && n.count && outOf.get(edge.from).length > 1 && n.share !== null ? `${Math.round(n.share * 100)} %` : "",
        width: n ? 1.5 + (4 * n.count) / most : 1.5, mayEdit: model.may.edit, lane: detours.get(id) ?? null, step: steps.get(id) || 0,
        hasOpen: ports.length > 1 && ports.length > outOf.get(edge.from).length,
        isMerge: into.get(edge.to).length > 1, isFork: outOf.get(edge.from).length > 1,
        names: `between ${model.title(edge.from)} and ${model.title(edge.to)}`,
      };
      const known = old.get(id);
      if (known && known.target === edge.to && Object.keys(data).every((name) => known.data[name] === data[name])) return known;
      return { ...known, id, type: "step", source: edge.from, sourceHandle: edge.port, target: edge.to, targetHandle: "in", markerEnd: n?.count ? ARROW_USED : ARROW, focusable: false, data };
    });
  }

  function sync() {
    const old = new Map(nodes.map((node) => [node.id, node]));
    const { graph } = model;
    for (const id of sources.keys()) if (!graph.nodes.has(id) && !graph.notes.has(id)) sources.delete(id);
    nodes = [...[...graph.notes.values()].map((note) => noteNode(note, old.get(note.id))), ...[...graph.nodes.values()].map((node) => stepNode(node, old.get(node.id)))];
    if (present) for (const node of nodes) if (!old.has(node.id)) present.add(node.id);
    edges = makeEdges();
    redraw();
  }

  let gliding = null;
  function glide() {
    if (nodes.length > GLIDE_UP_TO || isDragging) return;
    host.classList.add("glides");
    clearTimeout(gliding);
    gliding = setTimeout(() => host.classList.remove("glides"), 320);
  }

  // Arrow keys move without drag events: what they moved is told a moment later, at once.
  let keyed = null;
  function movedByKeys(changes) {
    keyed ??= { positions: {} };
    for (const change of changes) keyed.positions[change.id] = [change.position.x, change.position.y];
    clearTimeout(keyed.timer);
    keyed.timer = setTimeout(() => {
      const { positions } = keyed;
      keyed = null;
      on.move(positions);
    }, 350);
  }

  function onNodesChange(changes) {
    nodes = applyNodeChanges(changes.filter((change) => change.type !== "remove"), nodes);
    const resized = new Set(changes.filter((change) => change.type === "dimensions").map((change) => change.id));
    if (resized.size && !syncing) syncing = setTimeout(() => { syncing = null; sync(); }); // edges go around cards as high as they are
    if (resized.size) nodes = nodes.map((node) => (node.type === "step" && resized.has(node.id) ? { ...node, handles: handles(node.data.ports, node.data.isTrigger, node.measured.height) } : node));
    redraw();
    if (changes.some((change) => change.type === "select")) on.select(selection());
  }

  let isPressed = false; // whether a button of the canvas is being clicked: React counts one on an arrow as a click on that
  function onEdgesChange(given) {
    const changes = given.filter((change) => change.type !== "select" || !change.selected || !isPressed);
    if (!changes.length) return;
    edges = applyEdgeChanges(changes.filter((change) => change.type !== "remove"), edges);
    redraw();
    if (changes.some((change) => change.type === "select")) on.select(selection());
  }

  const pointOf = (event) => { const one = event.changedTouches?.[0] || event; return [one.clientX, one.clientY]; };

  function onNodeDragStop(event, _, moved) {
    isDragging = false;
    host.classList.remove("moves");
    const [x, y] = pointOf(event);
    const lone = moved.length === 1 && moved[0].type === "step" ? moved[0].id : null;
    highlight(null);
    if (lone && on.droppedStep(lone, lone && hit(x, y, lone))) return;
    on.move(Object.fromEntries(moved.map((node) => [node.id, [node.position.x, node.position.y]])));
  }

  function onNodeDrag(event, _, moved) {
    const lone = moved.length === 1 && moved[0].type === "step" ? moved[0].id : null;
    if (lone && on.mayInsert(lone)) highlight(hit(...pointOf(event), lone));
  }

  function onConnectEnd(event, connection) {
    host.classList.remove("connects");
    if (!connection.fromHandle || connection.isValid) return;
    const [x, y] = pointOf(event);
    const target = document.elementFromPoint(x, y)?.closest(".react-flow__node-step");
    const port = { node: connection.fromHandle.nodeId, port: connection.fromHandle.id };
    if (target) on.connect(port.node, port.port, target.dataset.id);
    else if (document.elementFromPoint(x, y)?.closest(".react-flow__pane")) on.addAfter(port.node, port.port, { x, y });
  }

  // What lies at a point of the screen that a step can be dropped on: {edge}, {node, port} or null.
  function hit(x, y, except) {
    for (const found of document.elementsFromPoint(x, y)) {
      const open = found.closest("[data-open-port]");
      if (open && open.dataset.node !== except) return { node: open.dataset.node, port: open.dataset.openPort };
      const edge = found.closest("[data-edge]")?.dataset.edge || found.closest(".react-flow__edge")?.dataset.id;
      if (edge && model.graph.edges.has(edge) && !edge.startsWith(`${except}:`) && model.graph.edges.get(edge).to !== except) return { edge };
      const node = found.closest(".react-flow__node-step")?.dataset.id;
      if (node && node !== except) return { node, port: null };
    }
    return null;
  }

  let lit = [];
  function highlight(place) {
    for (const one of lit) one.classList.remove("is-target");
    lit = [];
    if (!place) return;
    const find = (selector) => host.querySelectorAll(selector);
    if (place.edge) lit = [...find(`[data-edge="${CSS.escape(place.edge)}"], .react-flow__edge[data-id="${CSS.escape(place.edge)}"]`)];
    else if (place.port) lit = [...find(`[data-node="${CSS.escape(place.node)}"][data-open-port="${CSS.escape(place.port)}"]`)];
    else lit = [...find(`.react-flow__node[data-id="${CSS.escape(place.node)}"]`)];
    for (const one of lit) one.classList.add("is-target");
  }

  const tone = (node) => { const category = model.typeOf(node.id)?.category; return node.type === "memo" ? "var(--highlight)" : category === "trigger" ? "var(--good)" : category === "action" ? "var(--info)" : "var(--violet)"; };

  // The same functions at every drawing: each one that changes would make React Flow ask all its parts anew.
  const HANDS = {
    isValidConnection: ({ source, target }) => on.canConnect(source, target),
    onNodesChange,
    onEdgesChange,
    onNodeDragStart: () => { isDragging = true; host.classList.add("moves"); },
    onNodeDrag,
    onNodeDragStop,
    onSelectionDragStart: () => { isDragging = true; },
    onSelectionDragStop: (event, moved) => onNodeDragStop(event, null, moved),
    onConnectStart: () => host.classList.add("connects"),
    onConnectEnd,
    onConnect: ({ source, sourceHandle, target }) => on.connect(source, sourceHandle, target),
    onNodeClick(event, node) {
      const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.target.closest("button");
      if (isPlain && node.type === "step") on.open(node.id);
    },
    onPaneClick: () => on.leave(),
    onViewportChange({ zoom }) {
      if (zoom === lastZoom) return;
      lastZoom = zoom;
      host.classList.toggle("far", zoom < FAR);
      zoomed(zoom);
    },
  };
  const FIXED = {
    nodeTypes: NODE_TYPES, edgeTypes: EDGE_TYPES, proOptions: PRO, ariaLabelConfig: ARIA, minZoom: 0.05, maxZoom: 2, edgesFocusable: false,
    deleteKeyCode: null, selectionKeyCode: "Shift", multiSelectionKeyCode: ["Control", "Meta"], panActivationKeyCode: "Space", disableKeyboardA11y: true,
    snapToGrid: true, snapGrid: [10, 10], panOnScroll: true, zoomOnDoubleClick: false, connectionRadius: 36, connectOnClick: false, connectionLineType: "smoothstep",
    nodeDragThreshold: 4, elevateNodesOnSelect: false,
  };

  function Reach() {
    flow = useReactFlow();
    return null;
  }

  function App() {
    useSyncExternalStore(subscribe, () => version);
    const mayEdit = Boolean(model.may.edit);
    const { nodes: some, edges: between } = shown;
    return (
      <ReactFlow {...FIXED} {...HANDS} nodes={some} edges={between} defaultViewport={view} colorMode={theme} nodesDraggable={mayEdit} nodesConnectable={mayEdit}>
        <Reach />
        <Background gap={20} size={1.4} />
        {!present && some.length > MAP_FROM && <MiniMap pannable zoomable position="bottom-right" nodeColor={tone} nodeBorderRadius={14} bgColor="var(--surface)" maskColor="var(--map-mask)" />}
      </ReactFlow>
    );
  }

  host.addEventListener("click", (event) => {
    isPressed = Boolean(event.target.closest("button"));
    setTimeout(() => { isPressed = false; });
  }, { capture: true });
  host.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { insert, openPort, node, number, passed } = button.dataset;
    const box = button.getBoundingClientRect();
    const at = { x: box.left + box.width / 2, y: box.bottom + 4, from: button };
    if (insert) on.insert(insert, at);
    else if (openPort) on.addAfter(node, openPort, at);
    else if (number) on.number(node, number);
    else if (passed) on.passed(passed);
  });
  const root = createRoot(host);
  const repaint = () => { theme = themeNow(); redraw(); };
  new MutationObserver(repaint).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  dark.addEventListener("change", repaint);

  const selection = () => nodes.filter((node) => node.selected).map((node) => node.id);
  const find = (id) => host.querySelector(`.react-flow__node[data-id="${CSS.escape(id)}"]`);
  const calm = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 220);

  const sizeOf = (node) => [node.measured?.width ?? node.width ?? WIDTH, node.measured?.height ?? node.height ?? HEIGHT];

  function boundsOf() {
    const ends = nodes.map((node) => { const [width, height] = sizeOf(node); return [node.position.x, node.position.y, node.position.x + width, node.position.y + height]; });
    const least = (at) => ends.reduce((found, one) => Math.min(found, one[at]), Infinity);
    const most = (at) => ends.reduce((found, one) => Math.max(found, one[at]), -Infinity);
    return { x: least(0), y: least(1), width: most(2) - least(0), height: most(3) - least(1) };
  }

  const scales = (bounds, room, box) => ({ wide: (box.width - room.left - room.right) / bounds.width, tall: (box.height - room.top - room.bottom) / bounds.height });

  // Where all of a graph stands in the middle of what nothing covers.
  function whole(bounds, room, box) {
    const { wide, tall } = scales(bounds, room, box);
    const zoom = Math.max(Math.min(wide, tall, 1), 0.05);
    return { x: (room.left + box.width - room.right) / 2 - (bounds.x + bounds.width / 2) * zoom, y: (room.top + box.height - room.bottom) / 2 - (bounds.y + bounds.height / 2) * zoom, zoom };
  }

  // Where a graph is seen as a whole, or the top of it when it is too tall to be read as a whole.
  function firstView(room, box) {
    const bounds = boundsOf();
    const { wide, tall } = scales(bounds, room, box);
    if (Math.min(wide, tall) >= 0.62) return whole(bounds, room, box);
    const zoom = Math.max(Math.min(1, wide), 0.62);
    const first = nodes.find((node) => node.type === "step" && model.isTrigger(node.id)) || nodes[0];
    const middle = bounds.width * zoom <= box.width - room.left - room.right ? bounds.x + bounds.width / 2 : first.position.x + WIDTH / 2;
    return { x: (room.left + box.width - room.right) / 2 - middle * zoom, y: room.top - bounds.y * zoom, zoom };
  }

  // The ids of cards on the screen, and of those that arrows on the screen join. Null when that is nearly all.
  function onScreen({ x, y, zoom }, box) {
    const [left, top, right, bottom] = [-x / zoom - AHEAD, -y / zoom - AHEAD, (box.width - x) / zoom + AHEAD, (box.height - y) / zoom + AHEAD];
    const places = new Map(nodes.map((node) => { const [width, height] = sizeOf(node); return [node.id, [node.position.x, node.position.y, node.position.x + width, node.position.y + height]]; }));
    const meets = (one) => one[0] < right && one[2] > left && one[1] < bottom && one[3] > top;
    const found = new Set([...places].filter(([, place]) => meets(place)).map(([id]) => id));
    for (const { source, target } of edges) {
      const [from, to] = [places.get(source), places.get(target)];
      if (meets([Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.max(from[2], to[2]), Math.max(from[3], to[3])])) found.add(source).add(target);
    }
    return found.size + STRIDE < nodes.length ? found : null;
  }

  // Draw some more of what the first picture left out, the nearest to the screen first.
  let filled = () => {};
  function fill() {
    if (!present) { filled(); return; }
    const { x, y, zoom } = flow.getViewport();
    const box = host.getBoundingClientRect();
    const [midX, midY] = [(box.width / 2 - x) / zoom, (box.height / 2 - y) / zoom];
    const away = (node) => Math.hypot(node.position.x + WIDTH / 2 - midX, node.position.y + HEIGHT / 2 - midY);
    const rest = nodes.filter((node) => !present.has(node.id)).sort((a, b) => away(a) - away(b));
    if (rest.length <= STRIDE) present = null;
    else for (const node of rest.slice(0, STRIDE)) present.add(node.id);
    redraw();
    later(fill);
  }

  // Draw everything at once: whoever looks for a card cannot wait.
  function complete() {
    if (!present) return;
    present = null;
    flushSync(redraw);
  }

  // Resolves when React Flow has measured every card: before that nothing can be shown in the middle.
  const measured = () => new Promise((done) => {
    let tries = 0;
    const look = () => {
      const all = flow?.getNodes() || [];
      if ((all.length && all.every((node) => node.measured?.width)) || tries++ > 240) done();
      else requestAnimationFrame(look);
    };
    look();
  });

  return {
    sync, glide, hit, highlight, measured, selection,
    arrows: () => edges.filter((edge) => edge.selected).map((edge) => edge.id), // the chosen ones, as "n1:next"
    setNumbers(given) { numbers = given; sync(); },
    setEditors(given) { editors = given; sync(); },
    onZoom(listener) { zoomed = listener; },
    select(ids) {
      const chosen = new Set(ids);
      nodes = nodes.map((node) => (Boolean(node.selected) === chosen.has(node.id) ? node : { ...node, selected: chosen.has(node.id) }));
      edges = edges.map((edge) => (edge.selected ? { ...edge, selected: false } : edge));
      redraw();
      on.select(selection());
    },
    selectAll() { this.select(nodes.map((node) => node.id)); },
    nudge(by) {
      const chosen = nodes.filter((node) => node.selected);
      if (!chosen.length) return false;
      const changes = chosen.map((node) => ({ id: node.id, type: "position", position: { x: node.position.x + by[0], y: node.position.y + by[1] } }));
      nodes = applyNodeChanges(changes, nodes);
      redraw();
      movedByKeys(changes);
      return true;
    },
    focus(id) {
      if (present && !present.has(id)) complete();
      find(id)?.focus({ preventScroll: true });
    },
    edit(id) { newNote = id; },
    focused: () => document.activeElement?.closest?.(".react-flow__node")?.dataset.id || null,
    // Bring cards into sight when they are not; `room` are the pixels that other things cover. Of several all are seen, as
    // large as now if there is room. With `always` the first is in the middle.
    reveal(ids, room, { always = false } = {}) {
      if (present && ids.some((id) => !present.has(id))) complete();
      const found = ids.map((id) => flow?.getNode(id)).filter(Boolean);
      if (!found.length) return;
      const sizes = found.map(sizeOf);
      const least = (axis) => Math.min(...found.map((node) => node.position[axis]));
      const most = (axis, at) => Math.max(...found.map((node, number) => node.position[axis] + sizes[number][at]));
      const [left, top, right, bottom] = [least("x"), least("y"), most("x", 0), most("y", 1)];
      const { x, y, zoom } = flow.getViewport();
      const box = host.getBoundingClientRect();
      const free = { left: room.left, top: room.top, right: box.width - room.right, bottom: box.height - room.bottom };
      const fits = Math.min((free.right - free.left) / (right - left), (free.bottom - free.top) / (bottom - top));
      const next = always ? Math.max(zoom, 0.8) : Math.max(Math.min(zoom, fits), Math.min(zoom, CLOSE));
      // How far one axis is moved: not at all when all is inside, as little as possible otherwise.
      const shift = (now, from, to, start, end) => {
        if (always || (to - from) * next > end - start) return (start + end) / 2 - ((from + to) / 2) * next;
        if (next !== zoom) return Math.max(start - from * next, Math.min(now, end - to * next));
        return from * next + now < start ? start - from * next : to * next + now > end ? end - to * next : now;
      };
      const to = { x: shift(x, left, right, free.left, free.right), y: shift(y, top, bottom, free.top, free.bottom), zoom: next };
      if (to.x !== x || to.y !== y || next !== zoom) flow.setViewport(to, { duration: calm() });
    },
    fit(room) {
      if (!nodes.length) return;
      complete();
      flow.setViewport(whole(boundsOf(), room, host.getBoundingClientRect()), { duration: calm() });
    },
    // Draw for the first time: what is on the screen at once, the rest when there is time. Resolves when all is there.
    start(room) {
      const box = host.getBoundingClientRect();
      view = nodes.length ? firstView(room, box) : { x: 0, y: 0, zoom: 1 };
      host.classList.toggle("far", view.zoom < FAR);
      lastZoom = view.zoom;
      present = onScreen(view, box);
      redraw();
      flushSync(() => root.render(<ReactFlowProvider initialNodes={shown.nodes} initialEdges={shown.edges}><App /></ReactFlowProvider>));
      zoomed(view.zoom);
      return new Promise((done) => { filled = done; later(fill); });
    },
    zoomBy(factor) { return flow?.zoomTo(flow.getZoom() * factor, { duration: calm() / 2 }); },
    zoomTo(zoom) { return flow?.zoomTo(zoom, { duration: calm() / 2 }); },
    toFlow: (x, y) => { const point = flow.screenToFlowPosition({ x, y }); return [point.x, point.y]; },
    middle(room) {
      const box = host.getBoundingClientRect();
      return this.toFlow((box.left + room.left + box.right - room.right) / 2, (box.top + room.top + box.bottom - room.bottom) / 2);
    },
    viewport: (given) => (given ? flow.setViewport(given) : flow.getViewport()),
  };
}
