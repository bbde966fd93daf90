"""What docs/api.md shows is what Wayfare takes."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from engine.importing import KINDS
from engine.intake import RESERVED_SOURCES, ingest_events
from engine.shapes import DATA_SHAPES
from engine.tabular import COLUMNS
from store.db import Store

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text()


def test_the_example_is_accepted(store: Store) -> None:
    example = re.search(r"-d '(\[.*?\])'\n", PAGE, re.DOTALL)
    assert example
    taken = ingest_events(
        store, json.loads(example[1]), source_default="api", now=datetime(2026, 11, 24, 12, tzinfo=UTC)
    )
    assert (taken.accepted, taken.errors) == (1, [])


def test_columns_types_and_reserved_sources_are_all_named() -> None:
    for kind in KINDS:
        row = re.search(rf"^\| `{kind}` \| (.*) \|$", PAGE, re.MULTILINE)
        assert row, kind
        named = set(re.findall(r"`([a-z_]+)`", row[1]))
        assert named == COLUMNS[kind] or kind == "customers"
    for type, shape in DATA_SHAPES.items():
        assert f"`{type}`" in PAGE
        assert all(f"`{name}`" in PAGE for name in shape.model_fields)
    assert all(f"`{source}`" in PAGE for source in RESERVED_SOURCES)
