"""A till that goes on selling when the network, the server or the power fails.

    TILL_KEY=wf_... python examples/till.py --server https://wayfare.example.com --store kyiv-01 --till 1 \
        --folder till-1 --public-key wayfare.pem < carts.jsonl

Each line of the input is a cart, {"id": "sale-1", "cart": {...}, "phone": "+380..."}; each line of the output is a
receipt, which is on the disk before it is printed. The same id again prints the same receipt and sells nothing.
"""

import argparse
import fcntl
import json
import os
import sys
from contextlib import suppress
from http.client import HTTPException
from itertools import chain
from pathlib import Path
from typing import Any
from urllib import error, request

from offers.till.offline import Snapshot, opened
from offers.till.signed import SnapshotRefused, public_keys
from wayfare.clock import now
from wayfare.errors import InputRefused


class Till:
    """One till: a folder with its snapshot and its journal, which is only ever added to."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args, self.keys, self.file = args, Path(args.public_key), Path(args.folder) / "snapshot.json"
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.log = os.open(self.file.with_name("journal.jsonl"), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        if not args.upload:
            fcntl.flock(self.log, fcntl.LOCK_EX | fcntl.LOCK_NB)  # two processes would give one number twice
        self.sales: dict[str, dict[str, Any]] = {}
        for line in os.pread(self.log, os.fstat(self.log).st_size, 0).split(b"\n"):
            with suppress(ValueError):  # a line that the power cut short was never printed
                self.sales.setdefault((entry := json.loads(line))["id"], {}).update(entry)
        os.fsync(self.log)  # what was read may be printed again

    def note(self, **entry: Any) -> None:
        """Add to the journal, on a line of its own whatever stands before; when this returns, it is on the disk."""
        os.write(self.log, b"\n" + json.dumps(entry).encode() + b"\n")
        os.fsync(self.log)
        self.sales.setdefault(entry["id"], {}).update(entry)

    def ask(self, path: str, body: Any = None) -> Any:
        """Return the server's answer; None when it cannot be reached, or refuses."""
        headers = {"Authorization": f"Bearer {os.environ['TILL_KEY']}", "Content-Type": "application/json"}
        asked = request.Request(f"{self.args.server}/api/v1{path}", body and json.dumps(body).encode(), headers)  # noqa: S310
        try:
            with request.urlopen(asked, timeout=5) as answer:  # noqa: S310  # the address is our own server's
                return json.load(answer)
        except (OSError, HTTPException, ValueError) as problem:  # also when it goes away in the middle of an answer
            if isinstance(problem, error.HTTPError):
                print(f"the server says: {problem.read().decode()[:500]}", file=sys.stderr)
            return None

    def fetch(self) -> None:
        """Take a fresh snapshot. It replaces the old one in one piece, and names the keys to come."""
        if (found := self.ask("/till/snapshot")) is not None:
            text = json.dumps(found, ensure_ascii=False)
            for path, content in ((self.file, text), (self.keys, self._opened(text).keys)):
                (aside := path.with_name(f"{path.name}.{os.getpid()}")).write_text(content)
                aside.replace(path)

    def _opened(self, text: str) -> Snapshot:
        return opened(text, public_keys(self.keys.read_text()), store=self.args.store, now=now())

    def sell(self, id: str, cart: Any, phone: str | None = None) -> Any:
        """Sell a cart, once: return its receipt, which is in the journal."""
        if id not in self.sales:
            sold, given = [one["receipt"] for one in self.sales.values()], None
            if (quote := self.ask("/quotes", {"cart": cart, "phone": phone})) is None:
                given = self._opened(self.file.read_text() if self.file.exists() else "")
                quote = given.quote(cart, now(), phone=phone, since=sold)
            receipt = {"till": self.args.till, "number": len(sold) + 1, "cart": cart, "quote": quote, "phone": phone}
            self.note(id=id, receipt=receipt | {"snapshot": given.id if given else None})
        return self.sales[id]["receipt"]

    def upload(self) -> int:
        """Hand in what the server has not answered for; return how many are left."""
        ids = {one["receipt"]["number"]: id for id, one in self.sales.items() if "status" not in one}
        waiting = [self.sales[id]["receipt"] for id in ids.values()]
        for start in range(0, len(waiting), 50):
            answer = self.ask("/till/receipts", waiting[start : start + 50]) or {"receipts": [], "errors": []}
            for one in answer["receipts"]:
                self.note(id=ids.pop(one["number"]), status=one["status"], conflicts=one["conflicts"])
            sys.stderr.writelines(f"a receipt was not understood: {one}\n" for one in answer["errors"])
        return len(ids)


def main() -> None:
    """Sell what the input says, fetch a snapshot at the beginning and at empty lines, and hand receipts in."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--server", "--store", "--till", "--folder", "--public-key"):
        parser.add_argument(name, required=True)
    parser.add_argument("--upload", action="store_true", help="hand receipts in and sell nothing")
    till = Till(parser.parse_args())
    for line in chain([""], () if till.args.upload else sys.stdin):
        try:
            if line.strip():
                print(json.dumps(till.sell(**json.loads(line))), flush=True)
            else:
                till.fetch()
        except (SnapshotRefused, InputRefused) as refused:
            print(f"refused: {refused}", file=sys.stderr, flush=True)
        left = till.upload()
    print(f"{len(till.sales)} receipts, {left} still to hand in", file=sys.stderr)


if __name__ == "__main__":
    main()
