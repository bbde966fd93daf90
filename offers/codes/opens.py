"""What the codes of a batch open: the promotions that name its word."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from offers.rules import book
from store.db import Connection


@dataclass(frozen=True, slots=True)
class Opened:
    """A promotion that asks for a code. `status` is that of the book: live, draft, scheduled …"""

    key: str
    name: str
    words: str
    status: str


def opened_by(conn: Connection, now: datetime) -> dict[str, Sequence[Opened]]:
    """Return the promotions that ask for a code, by the word they ask for, in capitals."""
    found: dict[str, list[Opened]] = defaultdict(list)
    for one in book.list_items(conn, now, size=5000).items:
        word = str(one.body.get("requires_code") or "").strip().upper()
        if word:
            found[word].append(Opened(one.key, one.body.get("name") or one.key, one.words, one.status))
    return dict(found)
