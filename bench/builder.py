"""How soon a journey of 300 steps opens in the builder, and how smoothly it pans: in headless Chromium, without a GPU.

Run `python -m bench.builder --help`. With `--spike FOLDER`, an earlier trial of a builder (a Flask `app.py` with
`src/flow.js`) is bundled into a temporary folder and measured in the same run, in turns; needs npm.
"""

import json
import os
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import typer
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from rich.console import Console
from rich.table import Table

from bench.world import SECRET, open_store
from builder.text import from_document, to_document
from builder.tidy import tidied
from nodes.registry import open_registry
from store import accounts, drafts
from store.db import Connection, Store
from store.migrate import upgrade
from wayfare.supervise.ports import any_free
from web.config import WebConfig

console = Console(soft_wrap=True)
SIZE = ViewportSize(width=1400, height=860)
READY = """([ready, cards]) => new Promise((done) => {
  const isThere = () => document.querySelector(ready) && document.querySelector(cards)?.getBoundingClientRect().width;
  const look = () => (isThere() ? requestAnimationFrame(() => done(performance.now())) : requestAnimationFrame(look));
  look();
})"""
ALL = """([cards, nodes]) => new Promise((done) => {
  const isThere = () => document.querySelectorAll(cards).length >= nodes;
  const look = () => (isThere() ? requestAnimationFrame(() => done(performance.now())) : requestAnimationFrame(look));
  look();
})"""
RECORD = """() => {
  const frames = (window.frames_ = []);
  let last = performance.now();
  const tick = (now) => {
    if (window.frames_ !== frames) return;
    frames.push(now - last);
    last = now;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""
STOP = "() => { const frames = window.frames_.slice(2); window.frames_ = null; return frames; }"
BLANK = """(canvas) => {
  const box = document.querySelector(canvas).getBoundingClientRect();
  const isFree = (x, y) => document.elementFromPoint(x, y)?.classList.contains('react-flow__pane');
  for (let y = box.y + 80; y < box.bottom - 220; y += 7)
    for (let x = box.x + 320; x < box.right - 320; x += 7) if (isFree(x, y)) return [x, y];
  return [box.x + 400, box.y + 120];
}"""


@dataclass(frozen=True)
class Builder:
    """A builder to measure: where it is, and how to tell that it is ready and to show everything or a part."""

    name: str
    address: str
    ready: str
    cards: str
    far: str
    near: str
    cookies: tuple[dict[str, Any], ...] = ()
    reset: str = ""


def main(
    nodes: int = typer.Option(300, help="Steps of the journey."),
    runs: int = typer.Option(3, help="Times that each builder is opened; the median is told."),
    spike: Path = typer.Option(
        None, help="Folder of an earlier trial to measure beside.", exists=True, file_okay=False
    ),
    chromium: str = typer.Option("chromium", help="The browser's program."),
) -> None:
    """Measure opening and frames a second, in turns, and print medians and ratios."""
    with ExitStack() as stack:
        builders = [stack.enter_context(ours(nodes))]
        if spike:
            builders.append(stack.enter_context(trial(spike, nodes)))
        playwright = stack.enter_context(sync_playwright())
        program = shutil.which(chromium) or chromium
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        found: dict[str, list[dict[str, float]]] = {one.name: [] for one in builders}
        for run in range(runs):
            for one in builders:
                figures = measure(browser, one, nodes)
                found[one.name].append(figures)
                console.print(f"run {run + 1}, {one.name}: {json.dumps(figures)}")
        browser.close()
    table = Table("builder", *[f"{name}" for name in found[builders[0].name][0]])
    middle = {name: {key: median(run[key] for run in every) for key in every[0]} for name, every in found.items()}
    for name, figures in middle.items():
        table.add_row(name, *[f"{value:,.1f}" for value in figures.values()])
    if spike:
        mine, other = (middle[one.name] for one in builders)
        table.add_row("ratio (Wayfare / trial)", *[f"{mine[key] / other[key]:.2f} ×" for key in mine])
    console.print(
        f"{nodes} steps, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} CPUs, medians of {runs} runs"
    )
    console.print(table)


def measure(browser: Browser, one: Builder, nodes: int) -> dict[str, float]:
    """Open a builder once in a fresh profile; return milliseconds and frames a second.

    Opened is when the screen shows the journey and answers to hands; cards outside of it may come later.
    """
    if one.reset:
        urllib.request.urlopen(urllib.request.Request(one.reset, method="POST")).read()
    context = browser.new_context(viewport=SIZE)
    context.add_cookies([*one.cookies])  # type: ignore[list-item]  # playwright's own dict type is not public
    page = context.new_page()
    page.goto(one.address)
    opened = page.evaluate(READY, [one.ready, one.cards])
    drawn = page.evaluate(ALL, [one.cards, nodes])
    time.sleep(2)  # what comes afterwards, such as icons, is not measured
    figures = {"opened ms": round(float(opened), 1), "all cards ms": round(float(drawn), 1)}
    for label, script in (("far", one.far), ("near", one.near)):
        page.evaluate(script)
        time.sleep(1)
        figures[f"pan {label} fps"] = fps(page, lambda: pan(page))
        if label == "near":
            figures["drag near fps"] = fps(page, lambda: drag(page, one.cards))
    context.close()
    return figures


def fps(page: Page, act: Any) -> float:
    """Return the frames a second while something is done."""
    page.evaluate(RECORD)
    act()
    frames: list[float] = page.evaluate(STOP)
    return round(1000 * len(frames) / max(sum(frames), 1), 1)


def pan(page: Page) -> None:
    """Drag the canvas by hand, down and back."""
    x, y = page.evaluate(BLANK, "#canvas")
    page.mouse.move(x, y)
    page.mouse.down()
    for at in range(70):
        page.mouse.move(x + (at if at < 35 else 70 - at) * 4, y + at * 2)
        time.sleep(0.012)
    page.mouse.up()


def drag(page: Page, cards: str) -> None:
    """Drag the card that is nearest to the middle of the screen."""
    script = """(cards) => {
      const far = (box) => Math.hypot(box.x + box.width / 2 - 700, box.y + box.height / 2 - 430);
      const boxes = [...document.querySelectorAll(cards)].map((one) => one.getBoundingClientRect());
      const box = boxes.sort((a, b) => far(a) - far(b))[0];
      return [box.x + box.width / 2, box.y + box.height / 3];
    }"""
    x, y = page.evaluate(script, cards)
    page.mouse.move(x, y)
    page.mouse.down()
    for at in range(60):
        page.mouse.move(x + at * 2, y + at)
        time.sleep(0.012)
    page.mouse.up()


@contextmanager
def ours(nodes: int) -> Iterator[Builder]:
    """Serve Wayfare, as `wayfare web` does, with one big draft."""
    with tempfile.TemporaryDirectory() as folder:
        url, port = f"sqlite:///{folder}/bench.sqlite3", any_free()
        store = open_store(url)
        upgrade(url)
        session = secrets.token_urlsafe(32)
        store.run(lambda conn: _fill(conn, store, session, big(nodes)))
        environment = {
            **os.environ,
            "WAYFARE_DATABASE_URL": url,
            "WAYFARE_DATA_DIR": folder,
            "WAYFARE_SECRET_KEY": SECRET.decode(),
            "WAYFARE_PORT": str(port),
            "WAYFARE_LOG_LEVEL": "warning",
            "WAYFARE_REDIS_URL": "",
        }
        server = subprocess.Popen([sys.executable, "-m", "wayfare", "web"], env=environment)
        base = f"http://127.0.0.1:{port}"
        script = "document.querySelector('[data-act={}]').click()"
        try:
            _until_up(f"{base}/health/live")
            yield Builder(
                *("Wayfare", f"{base}/journeys/big/edit", "#builder[data-ready]", ".react-flow__node .step"),
                *(script.format("fit"), script.format("zoom-100")),
                cookies=({"name": WebConfig().cookie(), "value": session, "url": base},),
            )
        finally:
            server.terminate()
            server.wait(20)
            store.dispose()


def _fill(conn: Connection, store: Store, session: str, document: dict[str, Any]) -> None:
    at = datetime.now(UTC)
    who = {"email": "bench", "name": "", "role": "admin", "password_hash": "!", "must_change": False}
    account = accounts.add_account(conn, **who, now=at)  # type: ignore[arg-type]  # one dict for all of them
    digest = store.vault.digest("session", session)
    agent = {"user_agent": "bench", "ip": "127.0.0.1", "second_factor_at": at, "lifetime": timedelta(hours=2)}
    accounts.open_session(conn, digest=digest, account_id=account, now=at, **agent)  # type: ignore[arg-type]  # as above
    drafts.save_draft(conn, "big", document, now=at, name="Three hundred steps")


def big(nodes: int) -> dict[str, Any]:
    """Return a draft with so many steps: waits, messages and splits, laid out."""
    chance = random.Random(1)
    made: list[dict[str, Any]] = [{"id": "n1", "type": "trigger.event", "settings": {"event": "purchase"}}]
    edges: list[dict[str, str]] = []
    front = [("n1", "next")]
    shares = [{"port": "A", "percent": "50"}, {"port": "B", "percent": "50"}]
    while len(made) < nodes:
        source, port = front.pop(chance.randrange(min(3, len(front))))
        id, kind = f"n{len(made) + 1}", chance.random()
        if kind < 0.3 and len(front) < 9:
            made.append({"id": id, "type": "flow.split_share", "settings": {"shares": shares}})
            front += [(id, "A"), (id, "B")]
        elif kind < 0.6:
            made.append({"id": id, "type": "flow.wait", "settings": {"amount": chance.randint(1, 9), "unit": "days"}})
            front.append((id, "next"))
        else:
            made.append({"id": id, "type": "action.send", "settings": {"channel": "sms", "body": "Hello"}})
            front.append((id, "next"))
        edges.append({"from": source, "port": port, "to": id})
    document = to_document(from_document({"schema": 1, "nodes": made, "edges": edges}))
    places = tidied(document, open_registry())
    for node in document["nodes"]:
        node["position"] = places.get(node["id"], node["position"])
    return document


STYLE = """
* { box-sizing: border-box } body { margin: 0; font: 14px sans-serif } ul { list-style: none; padding: 0 }
main { display: grid; height: 800px; grid-template-columns: 210px 1fr 300px }
#canvas { position: relative; min-width: 0 } .jtxt { display: grid }
.jcard { width: 196px; display: flex; gap: 9px; padding: 9px; border: 1px solid #ccc; border-radius: 10px }
.jcard { background: #fff; box-shadow: 0 1px 3px #0002 }
.elabel { position: absolute; display: flex; gap: 5px; pointer-events: all }
"""


@contextmanager
def trial(folder: Path, nodes: int) -> Iterator[Builder]:
    """Bundle and serve the trial; it gets a plain style sheet when it comes without one."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "trial"
        shutil.copytree(folder, copy)
        packages = ["@xyflow/react@12", "react@19", "react-dom@19", "@dagrejs/dagre@3", "esbuild", "htmx.org@2"]
        _run(copy, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(copy), *packages)
        vendor, modules = copy / "static" / "vendor", copy / "node_modules"
        vendor.mkdir(parents=True, exist_ok=True)
        options = ["--bundle", "--minify", "--format=iife", '--define:process.env.NODE_ENV="production"']
        _run(copy, str(modules / ".bin" / "esbuild"), "src/flow.js", *options, f"--outfile={vendor / 'flow.js'}")
        shutil.copy(modules / "@xyflow/react/dist/style.css", vendor / "flow.css")
        shutil.copy(modules / "@dagrejs/dagre/dist/dagre.min.js", vendor / "dagre.min.js")
        shutil.copy(modules / "htmx.org/dist/htmx.min.js", vendor / "htmx.min.js")
        style = copy / "static" / "css" / "builder.css"
        if not style.exists():
            style.parent.mkdir(exist_ok=True)
            style.write_text(STYLE)
        port = any_free()
        command = [sys.executable, "-m", "flask", "--app", "app", "run", "--port", str(port)]
        environment = {**os.environ, "DB": str(copy / "trial.db")}
        quiet = subprocess.DEVNULL
        server = subprocess.Popen(command, cwd=copy, env=environment, stdout=quiet, stderr=quiet)
        base = f"http://127.0.0.1:{port}"
        try:
            _until_up(f"{base}/static/boot.js")
            yield Builder(
                *("trial", f"{base}/j/1?canvas=flow", ".react-flow__node .jcard", ".react-flow__node .jcard"),
                *("JB.canvas.fit()", "JB.canvas.setViewport({x: 0, y: -200, zoom: 1})"),
                reset=f"{base}/api/reset/1?kind=big&n={nodes}",
            )
        finally:
            server.terminate()
            server.wait(20)


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:2])} failed: {done.stderr[-2000:]}")


def _until_up(address: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address).read()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{address} does not come up")


if __name__ == "__main__":
    typer.run(main)
