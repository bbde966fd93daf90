"""The journeys, segments and promotions under `examples/`: the demo publishes these very files."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from builder import text
from builder.publish import publish
from engine.runtime import Runtime
from engine.segments import save_segment
from offers.rules.author import Author
from offers.rules.book import import_body
from offers.rules.release import approve
from offers.rules.release import publish as publish_rules
from store import rulesets
from store.db import Connection
from store.drafts import describe
from store.segments import all_segments
from wayfare.errors import WayfareError

FOLDER = Path(__file__).resolve().parents[3] / "examples"
BY = "demo"
SECOND = Author("demo-second", "demo-second")

_SYNTHETIC = (
    "Purchases come from the CDNOW log and are real; names, birthdays, addresses, consents and newcomers were made for "
    "the demo."
)
JOURNEYS = {
    "birthday": (
        "Birthday",
        "Seven days before the birthday, at 10:00 where they live, customers get a code of their own that is valid "
        "until seven days after it; what it is worth depends on the segment. " + _SYNTHETIC,
    ),
    "sleeping": (
        "Sleeping customers",
        "From nine months after the last purchase, every three months a better offer, until the customer buys; after "
        "three years no more money is spent. " + _SYNTHETIC,
    ),
    "welcome": (
        "Welcome",
        "A welcome, then a week's wait for the first purchase: thanks for it, or a reminder with a code. " + _SYNTHETIC,
    ),
}
"""Key of each journey (the file's name) with its name and description."""

SEGMENTS = ("vip", "loyal", "regular", "new", "sleeping", "lost")


def segment(key: str) -> dict[str, Any]:
    """Return a segment's file as it is."""
    found: dict[str, Any] = json.loads(_read("segments", key))
    return found


def save_segments(runtime: Runtime, now: datetime) -> None:
    """Save the segments that are not there yet; the next refresh builds all of them together."""
    with runtime.store.read() as conn:
        known = {one.key for one in all_segments(conn)}
    for key in SEGMENTS:
        if key not in known:
            given = segment(key)
            save_segment(runtime.store, key, given["name"], given["rule"], now, description=given["description"])


def publish_journey(runtime: Runtime, key: str, now: datetime) -> None:
    """Publish a journey; nothing when this very graph is live already."""
    name, description = JOURNEYS[key]
    publish(
        runtime.store,
        runtime.registry,
        key,
        text.read(_read("journeys", key)),
        now,
        BY,
        name=name,
        note="published by the demo",
    )
    runtime.store.run(lambda conn: describe(conn, key, description))


def publish_promotions(runtime: Runtime, now: datetime) -> None:
    """Publish a hierarchy of 50 promotions; nothing when any rule set was published before."""
    body = json.loads(_read("promotions", "brocard"))

    def work(conn: Connection) -> None:
        if not rulesets.versions(conn, limit=1):
            author = Author(BY, BY, is_person=False)
            import_body(conn, body, author, now)
            made = publish_rules(conn, author, now, note="published by the demo")
            if made.reasons:  # for a second person, as everywhere
                approve(conn, made.version.number, SECOND, now)

    runtime.store.run(work)


def _read(kind: str, key: str) -> str:
    file = FOLDER / kind / f"{key}.json"
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise WayfareError(f"{file} cannot be read ({error.strerror}); get a whole copy of Wayfare") from None
