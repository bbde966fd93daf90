// How an edge runs: straight pieces with round corners, around cards that stand in its way. Pure.
const BEND = 14;
const OUT = 26; // from a port to the first bend, at most
const IN = 30; // from the last bend to the arrow's head, at most
const BESIDE = 24; // between a card and an edge that passes it

const between = (least, most, value) => Math.max(least, Math.min(most, value));

// Return {d, chip: [x, y]} of an edge from (sx, sy) down to (tx, ty).
// `lane` is the x of a detour or null; `step` spreads edges that leave one card; `isMerge`: other edges end there too;
// `isFork`: other edges leave the same card; `hasOpen`: ports
// beside it lead nowhere yet, and their plus signs stand where the chip would. Chips of a fork stand near where it leads, chips of a merge near where it begins.
export function route({ sx, sy, tx, ty }, { lane = null, step = 0, hasOpen = false, isMerge = false, isFork = false } = {}) {
  const down = ty - sy;
  const out = between(14, OUT, down * 0.34);
  const into = between(18, IN, down * 0.34);
  if (lane === null && down >= OUT) {
    const isStraight = Math.abs(sx - tx) < 2;
    const y = isMerge && !isFork ? ty - into : isFork ? Math.min(sy + out + step, ty - into) : sy + down / 2;
    const points = isStraight ? [[sx, sy], [sx, ty]] : [[sx, sy], [sx, y], [tx, y], [tx, ty]];
    if (hasOpen && !isMerge) return { d: rounded(points), chip: [tx, Math.max(sy + out, ty - 13)] };
    if (isMerge && isFork) return { d: rounded(points), chip: isStraight ? [sx, (y + ty) / 2] : [(sx + tx) / 2, y] };
    if (isMerge) return { d: rounded(points), chip: [sx, sy + between(17, 34, (y - sy) / 2 - 1)] };
    if (isFork) return { d: rounded(points), chip: [tx, Math.max((sy + out + ty) / 2, y + 14) - 2] };
    return { d: rounded(points), chip: isStraight ? [sx, sy + down / 2] : [tx, (y + ty) / 2] };
  }
  const x = lane ?? Math.max(sx, tx) + 160;
  const top = sy + OUT + step;
  const bottom = ty - IN;
  const points = [[sx, sy], [sx, top], [x, top], [x, bottom], [tx, bottom], [tx, ty]];
  return { d: rounded(points), chip: [x, (top + bottom) / 2] };
}

function rounded(points) {
  let d = `M${points[0][0]} ${points[0][1]}`;
  for (let at = 1; at < points.length - 1; at += 1) {
    const [before, here, after] = [points[at - 1], points[at], points[at + 1]];
    const into = Math.hypot(here[0] - before[0], here[1] - before[1]);
    const away = Math.hypot(after[0] - here[0], after[1] - here[1]);
    const bend = Math.min(BEND, into / 2, away / 2);
    if (bend < 0.5) { d += `L${here[0]} ${here[1]}`; continue; }
    const start = [here[0] + ((before[0] - here[0]) / into) * bend, here[1] + ((before[1] - here[1]) / into) * bend];
    const end = [here[0] + ((after[0] - here[0]) / away) * bend, here[1] + ((after[1] - here[1]) / away) * bend];
    d += `L${start[0]} ${start[1]}Q${here[0]} ${here[1]} ${end[0]} ${end[1]}`;
  }
  const last = points[points.length - 1];
  return `${d}L${last[0]} ${last[1]}`;
}

// Where a port leaves its card, as builder/layout.py has it.
export const portShare = (at, count) => (count > 2 ? 0.07 + (0.86 * at) / (count - 1) : 0.5 + ((at + 1) / (count + 1) - 0.5) * 0.72);

// Return the lane of each long edge whose way is blocked by cards: Map of edge key to x.
// `boxes` is a Map of id to {x, y, width, height}; `ends` yields {key, from, to, sx, sy, tx, ty}.
export function lanes(boxes, ends) {
  const found = new Map();
  const all = [...boxes.entries()];
  for (const end of ends) {
    if (end.ty - end.sy < 150) continue;
    const near = all.filter(([id, box]) => id !== end.from && id !== end.to && box.y < end.ty && box.y + box.height > end.sy);
    if (!near.length) continue;
    const crosses = (x1, y1, x2, y2) => near.some(([, box]) => Math.max(x1, x2) > box.x - 8 && Math.min(x1, x2) < box.x + box.width + 8 && Math.max(y1, y2) > box.y && Math.min(y1, y2) < box.y + box.height);
    const top = end.sy + OUT;
    const bottom = end.ty - IN;
    const fits = (x) => !crosses(x, top, x, bottom) && !crosses(end.sx, top, x, top) && !crosses(x, bottom, end.tx, bottom);
    const straight = Math.abs(end.sx - end.tx) < 2;
    if (straight ? !crosses(end.sx, end.sy, end.sx, end.ty) : fits(end.tx) && !crosses(end.tx, bottom, end.tx, end.ty)) continue;
    const middle = (end.sx + end.tx) / 2;
    const choices = [end.sx, end.tx, ...near.flatMap(([, box]) => [box.x - BESIDE, box.x + box.width + BESIDE])];
    const best = choices.filter(fits).sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0];
    if (best !== undefined) found.set(end.key, best);
  }
  return found;
}
