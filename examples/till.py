"""A till that goes on selling when the network, the server or the power fails.

    TILL_KEY=wf_... python examples/till.py --server https://wayfare.example.com --store kyiv-01 --till 1 \
        --folder till-1 --public-key wayfare.pem < carts.jsonl

Each line of the input is a cart, {"id": "sale-1", "cart": {...}, "phone": "+380..."}; each line of the output is a
receipt. A sale is in the journal, on the disk, before it is printed. Receipts go to the server when it can be reached;
it counts each once, so sending one again is never wrong. The same id again prints the same receipt and sells nothing.
"""

import argparse
import fcntl
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from offers.till.offline import Snapshot, opened
from offers.till.signed import SnapshotRefused, public_keys
from wayfare.clock import now
from wayfare.errors import InputRefused


class Till:
    """One till: a folder with its snapshot and its journal, which is only ever added to."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.server, self.store, self.till = args.server.rstrip("/"), args.store, args.till
        self.keys, self.file = Path(args.public_key), Path(args.folder) / "snapshot.json"
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.log = os.open(self.file.with_name("journal.jsonl"), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self.sales: dict[int, dict[str, Any]] = {}
        self.answers: dict[int, str] = {}

    def read(self) -> None:
        """Read the journal. A line that the power cut short was never printed: the next one begins after it."""
        lines = os.pread(self.log, os.fstat(self.log).st_size, 0).split(b"\n")
        if lines[-1]:
            os.write(self.log, b"\n")
        for line in lines[:-1]:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if "answer" in entry:
                self.answers[entry["number"]] = entry["answer"]
            else:
                self.sales[entry["receipt"]["number"]] = entry

    def write(self, entry: dict[str, Any]) -> None:
        """Add to the journal; when this returns, it is on the disk."""
        os.write(self.log, json.dumps(entry).encode() + b"\n")
        os.fsync(self.log)

    def ask(self, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """Return the server's answer; None when it cannot be reached or has nothing new."""
        sent = None if body is None else json.dumps(body).encode()
        every = {"Authorization": f"Bearer {os.environ['TILL_KEY']}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.server}/api/v1{path}", sent, every | (headers or {}))  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  # the address is our own server's
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code not in (304, 500, 502, 503):
                print(f"the server says: {error.read().decode()[:500]}", file=sys.stderr)
        except OSError:
            pass
        return None

    def fetch(self) -> None:
        """Take a new snapshot if there is one. It replaces the old one in one piece, and names the keys to come."""
        have = self.file.read_text() if self.file.exists() else ""
        known = json.loads(json.loads(have)["snapshot"])["id"] if have else ""
        if (found := self.ask("/till/snapshot", headers={"If-None-Match": f'"{known}"'})) is not None:
            text = json.dumps(found, ensure_ascii=False)
            fresh = opened(text, public_keys(self.keys.read_text()), store=self.store, now=now())
            for path, content in ((self.file, text), (self.keys, fresh.keys)):
                aside = path.with_name(f"{path.name}.{os.getpid()}")
                aside.write_text(content)
                aside.replace(path)

    def snapshot(self) -> Snapshot:
        """Return what may be sold with."""
        if not self.file.exists():
            raise SnapshotRefused("none", "this till was never given a snapshot, and the server cannot be reached")
        return opened(self.file.read_text(), public_keys(self.keys.read_text()), store=self.store, now=now())

    def sell(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Sell a cart, once: return its receipt, which is in the journal."""
        for entry in self.sales.values():
            if entry["id"] == asked["id"]:
                return dict(entry["receipt"])
        cart, phone = asked["cart"], asked.get("phone")
        quote = self.ask("/quotes", {"cart": cart, "phone": phone})
        given = None if quote else self.snapshot()
        if given:
            quote = given.quote(cart, now(), phone=phone, since=[one["receipt"] for one in self.sales.values()])
        number = max(self.sales, default=0) + 1
        receipt = {"till": self.till, "number": number, "cart": cart, "quote": quote, "phone": phone}
        receipt["snapshot"] = given.id if given else None
        self.sales[number] = {"id": asked["id"], "receipt": receipt}
        self.write(self.sales[number])
        return receipt

    def upload(self) -> int:
        """Hand in what the server has not answered for; return how many are left."""
        waiting = [entry["receipt"] for number, entry in sorted(self.sales.items()) if number not in self.answers]
        for start in range(0, len(waiting), 50):
            answer = self.ask("/till/receipts", waiting[start : start + 50]) or {"receipts": [], "errors": []}
            for one in answer["receipts"]:
                self.write({"number": one["number"], "answer": one["status"], "conflicts": one["conflicts"]})
                self.answers[one["number"]] = one["status"]
            for problem in answer["errors"]:
                print(f"a receipt was not understood: {problem}", file=sys.stderr)
        return len(self.sales) - len(self.answers)


def main() -> None:
    """Sell what the input says, and hand in receipts before and after."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--server", "--store", "--till", "--folder", "--public-key"):
        parser.add_argument(name, required=True)
    parser.add_argument("--upload", action="store_true", help="hand receipts in and sell nothing")
    args = parser.parse_args()
    till = Till(args)
    if not args.upload:
        fcntl.flock(till.log, fcntl.LOCK_EX | fcntl.LOCK_NB)  # two processes would give one number twice
    till.read()
    try:
        till.fetch()
    except SnapshotRefused as refused:  # the old one is good until it ends
        print(f"the new snapshot is not used: {refused}", file=sys.stderr)
    left = till.upload()
    for line in [] if args.upload else sys.stdin:
        try:
            print(json.dumps(till.sell(json.loads(line))), flush=True)
        except (SnapshotRefused, InputRefused) as refused:
            print(f"not sold: {refused}", file=sys.stderr, flush=True)
        left = till.upload()
    print(f"{len(till.sales)} receipts, {left} still to hand in", file=sys.stderr)


if __name__ == "__main__":
    main()
