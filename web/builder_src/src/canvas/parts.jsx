// What React draws: the frame of a card, its ports and numbers, edges with their chips, notes. The inside of a card is the
// server's HTML; React never looks into it.
import { memo, useEffect, useLayoutEffect, useRef, useState } from "react";
import { BaseEdge, EdgeLabelRenderer, Handle, NodeResizeControl } from "@xyflow/react";
import { count } from "../dom.js";
import { portShare, route } from "./route.js";

const Plus = () => <svg className="plus-sign" viewBox="0 0 12 12" aria-hidden="true"><path d="M6 2v8M2 6h8" /></svg>;

const Card = memo(({ html }) => {
  const slot = useRef(null);
  const last = useRef(null);
  useLayoutEffect(() => {
    if (last.current === html) return;
    last.current = html;
    slot.current.innerHTML = html;
  }, [html]);
  return <div ref={slot} className="card-slot" />;
});

const Numbers = ({ id, numbers }) => (
  <div className="card-numbers nodrag">
    {[["entered", numbers.entered, "entered"], ["failed", numbers.failed, "failed"], ["here", numbers.here, "here"]].map(([kind, n, words]) =>
      kind === "entered" || n ? (
        <button key={kind} type="button" className={`number ${kind}`} data-number={kind} data-node={id} tabIndex={-1} disabled={!n} title={`See who ${words === "here" ? "is here now" : words}`}>
          {kind === "failed" && <svg className="icon" aria-hidden="true"><use href={`${document.body.dataset.icons}#alert-triangle`} /></svg>}
          <b>{count(n)}</b> {kind === "failed" ? <span className="sr">failed</span> : words}
        </button>
      ) : null)}
  </div>
);

// `data`: html, ports [{name, label}], open (names of ports without an edge), isTrigger, numbers, editors, mayEdit
export const StepNode = memo(({ id, data }) => {
  const many = data.ports.length > 1;
  return (
    <div className={`card-frame${data.numbers ? " with-numbers" : ""}${data.isBegun ? " is-begun" : ""}`}>
      {!data.isTrigger && <Handle type="target" position="top" id="in" className="port in" isConnectableStart={false} />}
      <Card html={data.html} />
      {data.numbers && <Numbers id={id} numbers={data.numbers} />}
      {data.editors?.length > 0 && <span className="card-editors">{data.editors.map((one) => <span key={one.name} className={`editor tone-${one.tone}`} title={`${one.name} is here`}>{one.initials}</span>)}</span>}
      {data.ports.map((port, at) => (
        <Handle key={port.name} type="source" position="bottom" id={port.name} className="port out" style={{ left: `${portShare(at, data.ports.length) * 100}%` }}>
          {data.open.includes(port.name) && (
            <span className={data.ports.length > 2 ? "stub tight" : "stub"} style={data.ports.length > 2 ? { "--share": `${Math.floor((248 * 0.86) / (data.ports.length - 1)) + 3}px` } : undefined}>
              {many && <span className="stub-label" title={port.label}>{port.label}</span>}
              {data.mayEdit && <button type="button" className="plus" data-open-port={port.name} data-node={id} tabIndex={-1} aria-label={`Add a step after ${data.title}${many ? `, ${port.label}` : ""}`}><Plus /></button>}
            </span>
          )}
        </Handle>
      ))}
    </div>
  );
});

// `data`: label, count, share, mayEdit, lane, step, hasOpen, isMerge, isFork, names
export const StepEdge = memo(({ id, sourceX, sourceY, targetX, targetY, markerEnd, data }) => {
  const { d, chip } = route({ sx: sourceX, sy: sourceY, tx: targetX, ty: targetY }, data);
  const hasCount = data.count !== undefined;
  return (
    <>
      <BaseEdge id={id} path={d} markerEnd={markerEnd} interactionWidth={28} style={hasCount ? { strokeWidth: data.width } : undefined} className={data.count ? "used" : ""} />
      <EdgeLabelRenderer>
        <div className="edge-chip nodrag nopan" data-edge={id} style={{ transform: `translate(${chip[0]}px,${chip[1]}px) translate(-50%,-50%)` }}>
          {(data.label || hasCount) && (
            <span className="chip-words">
              {data.label && <span title={data.label}>{data.label}</span>}
              {hasCount && <button type="button" data-passed={id} tabIndex={-1} disabled={!data.count}><b>{count(data.count)}</b>{data.share && <i>{data.share}</i>}<span className="sr"> went {data.names}</span></button>}
            </span>
          )}
          {data.mayEdit && <button type="button" className="plus" data-insert={id} tabIndex={-1} aria-label={`Insert a step ${data.names}`}><Plus /></button>}
        </div>
      </EdgeLabelRenderer>
    </>
  );
});

// `data`: text, size, mayEdit, onText, onSize, isNew
export const NoteNode = memo(({ id, data, selected }) => {
  const [isOpen, setOpen] = useState(Boolean(data.isNew));
  const area = useRef(null);
  useEffect(() => {
    if (isOpen) area.current?.focus();
  }, [isOpen]);
  const open = () => data.mayEdit && setOpen(true);
  const leave = (event) => {
    setOpen(false);
    data.onText(id, event.target.value);
  };
  return (
    <div className="memo" onDoubleClick={open} data-memo={id}>
      {data.mayEdit && selected && <NodeResizeControl position="bottom-right" minWidth={120} minHeight={60} className="memo-size" onResizeEnd={(_, { width, height }) => data.onSize(id, [Math.round(width), Math.round(height)])} />}
      {isOpen
        ? <textarea ref={area} className="nodrag nowheel" defaultValue={data.text} aria-label="Text of the note" maxLength={2000} onBlur={leave} onKeyDown={(event) => { if (event.key === "Escape") { event.stopPropagation(); event.target.blur(); } }} />
        : <p>{data.text || <em>Double-click to write</em>}</p>}
    </div>
  );
});
