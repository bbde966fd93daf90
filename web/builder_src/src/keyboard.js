// Keys. Everything that the mouse does has one.
import { isTyping } from "./dom.js";
import { edgesFrom, edgesTo } from "./graph.js";

const NUDGE = 10; // pixels

// Return the step that an arrow key leads to from `id`: down along the first way out, up along the first way in, sideways to
// what stands beside it.
export function neighbour(graph, ports, id, key) {
  const place = (other) => graph.nodes.get(other)?.position || [0, 0];
  if (key === "ArrowDown") {
    const order = ports(id).map((port) => port.name);
    return edgesFrom(graph, id).sort((a, b) => order.indexOf(a.port) - order.indexOf(b.port))[0]?.to ?? null;
  }
  if (key === "ArrowUp") return edgesTo(graph, id).sort((a, b) => place(a.from)[0] - place(b.from)[0])[0]?.from ?? null;
  const [x, y] = place(id);
  const side = key === "ArrowRight" ? 1 : -1;
  const beside = [...graph.nodes.keys()].filter((other) => (place(other)[0] - x) * side > 20 && Math.abs(place(other)[1] - y) < 90);
  return beside.sort((a, b) => Math.abs(place(a)[0] - x) - Math.abs(place(b)[0] - x))[0] ?? null;
}

// `does` has one function a command; see main.js.
export function makeKeyboard(draft, canvas, does) {
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (document.querySelector("dialog[open]")) return;
    const isCommand = event.ctrlKey || event.metaKey;
    const low = key.toLowerCase();
    const run = (go) => { event.preventDefault(); go(); };

    if (isCommand && low === "s") return run(does.save);
    if (isCommand && low === "f" && !event.shiftKey) return run(does.seek);
    if (key === "Escape") return does.escape(event);
    if (isTyping(target)) return undefined;
    if (isCommand && low === "z") return run(event.shiftKey ? does.redo : does.undo);
    if (isCommand && low === "y") return run(does.redo);
    if (isCommand && low === "a") return run(does.selectAll);
    if (isCommand && low === "d") return run(does.duplicate);
    if (isCommand || event.altKey) return undefined;

    const onCanvas = Boolean(target.closest("#canvas")) || target === document.body || target.id === "main";
    const node = canvas.focused();
    if (key.startsWith("Arrow") && onCanvas) {
      const step = { ArrowLeft: [-NUDGE, 0], ArrowRight: [NUDGE, 0], ArrowUp: [0, -NUDGE], ArrowDown: [0, NUDGE] }[key];
      if (event.shiftKey) return draft.may.edit ? run(() => canvas.nudge(step)) : undefined;
      return run(() => does.walk(key));
    }
    if ((key === "Delete" || key === "Backspace") && (onCanvas || !target.closest("#panel"))) return run(does.remove);
    if (target.closest("button, a, summary, [role=option]") && (key === "Enter" || key === " ")) return undefined;
    if (node && (key === "Enter" || key === " ")) return run(() => does.open(node));
    const plain = { n: does.add, m: does.note, t: does.tidy, "?": does.help, 0: does.zoomTo100, 1: does.fit, "+": does.zoomIn, "=": does.zoomIn, "-": does.zoomOut, "/": does.palette };
    if (plain[low] && key !== " ") return run(plain[low]);
    return undefined;
  }, true);
}
