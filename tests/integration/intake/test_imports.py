"""Files come in row by row; a kill in the middle costs no row and repeats none."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.importing import Options, import_file
from rig.waiting import until
from store.db import Store
from store.imports import Run
from wayfare.errors import InputRefused

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
Rows = Callable[..., list[tuple[Any, ...]]]


def a_file(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def take(store: Store, kind: str, path: Path, **options: Any) -> Run:
    report = path.with_name(path.name + ".errors.csv")
    return import_file(store, kind, path, report, options=Options(**options), now=lambda: NOW)


def bad_rows(path: Path) -> list[tuple[str, ...]]:
    report = path.with_name(path.name + ".errors.csv")
    with report.open(newline="", encoding="utf-8") as file:
        return [tuple(line[:4]) for line in csv.reader(file)][1:]


def test_a_table_of_customers(store: Store, rows: Rows, tmp_path: Path) -> None:
    path = a_file(
        tmp_path,
        "people.csv",
        "\ufeffkey;phone;city;attributes.points;attributes.zip;consent.email\r\n"
        "alice;+380671234567;Київ;12;01001;yes\r\n"
        "\r\n"
        'bob;;"Multi\r\nline";;;\r\n',
    )
    run = take(store, "customers", path)
    assert (run.rows, run.done, run.refused) == (2, 2, 0)
    assert rows("SELECT key, phone, city FROM customer ORDER BY key") == [
        ("alice", "+380671234567", "Київ"),
        ("bob", None, "Multi line"),
    ]
    (attributes,) = rows("SELECT attributes FROM customer WHERE key = 'alice'")[0]
    attributes = json.loads(attributes) if isinstance(attributes, str) else attributes
    assert attributes == {"points": 12, "zip": "01001"}
    assert rows("SELECT channel, purpose FROM consent") == [("email", "marketing")]


def test_neighbouring_rows_of_one_order_are_one_purchase(store: Store, rows: Rows, tmp_path: Path) -> None:
    head = "order,customer,at,store,currency,sku,quantity,price\n"
    path = a_file(
        tmp_path,
        "orders.csv",
        head
        + "o1,alice,2026-11-01 10:00,kyiv,UAH,tea,1,100\n"
        + "o1,alice,2026-11-01 10:00,kyiv,UAH,mug,2,50\n"
        + "o2,bob,2026-11-01 11:00,kyiv,UAH,tea,0,100\n"
        + "o3,bob,2026-11-01 11:00,kyiv,UAH,tea,1,100\n",
    )
    run = take(store, "orders", path, zone=ZoneInfo("Europe/Kyiv"), history=True)
    assert (run.rows, run.done, run.refused) == (4, 2, 1)
    assert bad_rows(path) == [("3", "4", "data.lines[0].quantity", "out_of_range")]
    events = rows("SELECT key, source, type, note, data FROM event ORDER BY key")
    assert [event[:4] for event in events] == [
        ("o1", "import", "purchase", "history"),
        ("o3", "import", "purchase", "history"),
    ]
    data = events[0][4]
    data = json.loads(data) if isinstance(data, str) else data
    assert [line["sku"] for line in data["lines"]] == ["tea", "mug"]
    assert str(rows("SELECT at FROM event WHERE key = 'o1'")[0][0])[:19] == "2026-11-01 08:00:00"


def test_lines_of_json_and_events_without_keys(store: Store, rows: Rows, tmp_path: Path) -> None:
    lines = [
        b'{"customer": "a", "type": "page.viewed", "data": {"n": 1}}',
        b'{"customer": "a", "type": "page.viewed", "data": {"n": "\\ud800"}}',
        b"{broken",
        b'{"customer": "\xff"}',
        b"",
        b"[]",
        b'{"customer": "b", "type": "page.viewed"}',
    ]
    path = a_file(tmp_path, "events.jsonl", b"\n".join(lines))
    run = take(store, "events", path)
    assert (run.rows, run.done, run.refused) == (6, 2, 4)
    assert [(row, code) for row, _, _, code in bad_rows(path)] == [
        ("2", "invalid_json"),
        ("3", "invalid_json"),
        ("4", "invalid_text"),
        ("5", "wrong_type"),
    ]
    assert take(store, "events", path, again=True).done == 0
    assert rows("SELECT count(*) FROM event") == [(2,)]


def test_a_broken_row_costs_no_other(store: Store, rows: Rows, tmp_path: Path) -> None:
    content = b"key,city\na,Kyiv\nb,\xff\xfe\nc\nd," + b"x" * 2_000_000 + b"\ne,Lviv\nf,a\0b\ng,Odesa\n"
    path = a_file(tmp_path, "people.csv", content)
    take(store, "customers", path)
    assert [(row, code) for row, _, _, code in bad_rows(path)] == [
        ("2", "invalid_text"),
        ("3", "wrong_number_of_cells"),
        ("4", "too_large"),
        ("6", "control_character"),
    ]
    assert rows("SELECT key FROM customer ORDER BY key") == [("a",), ("e",), ("g",)]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("x.csv", b"key,citty\na,Kyiv\n", "unknown_column"),
        ("x.csv", b"key,city,city\n", "duplicate_column"),
        ("x.csv", b"", "empty"),
        ("x.csv", "key,city\n".encode("utf-16"), "encoding"),
        ("x.csv", b"PK\x03\x04", "compressed"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_as_a_whole(
    store: Store, tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    with pytest.raises(InputRefused) as refused:
        take(store, "customers", a_file(tmp_path, name, content))
    assert refused.value.code == code


def test_a_finished_file_is_not_taken_in_twice(store: Store, rows: Rows, tmp_path: Path) -> None:
    path = a_file(tmp_path, "people.csv", "key,city\na,Kyiv\nb\n")
    first = take(store, "customers", path)
    before = rows("SELECT updated_at FROM customer")
    assert take(store, "customers", path) == first
    assert rows("SELECT updated_at FROM customer") == before
    assert len(bad_rows(path)) == 1


def start(url: str, folder: Path, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "WAYFARE_DATABASE_URL": url, "WAYFARE_DATA_DIR": str(folder / "data")}
    command = [sys.executable, "-m", "wayfare", "import", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def test_an_import_killed_half_way_goes_on_where_it_was(
    store: Store, rows: Rows, database_url: str, tmp_path: Path
) -> None:
    size = 6_000
    lines = [f"o{n},c{n % 700},2026-11-01T10:00:00Z,UAH,tea,{n % 50},100" for n in range(size)]  # quantity 0 is bad
    path = a_file(tmp_path, "orders.csv", "\n".join(["order,customer,at,currency,sku,quantity,price", *lines]) + "\n")
    arguments = ["orders", str(path), "--history", "--json"]
    kills = 0
    for reached in (1, 3000):
        with start(database_url, tmp_path, arguments) as process:
            until(lambda n=reached: rows("SELECT coalesce(max(rows), 0) FROM import_run")[0][0] >= n, "a batch", 180)  # type: ignore[misc]  # a lambda's default has no type
            process.send_signal(signal.SIGKILL)
        kills += process.returncode == -signal.SIGKILL
    assert kills
    with start(database_url, tmp_path, arguments) as process:
        told, _ = process.communicate(timeout=120)
    bad = [n for n in range(size) if n % 50 == 0]
    outcome = json.loads(told)
    assert (outcome["rows"], outcome["refused"]) == (size, len(bad))
    assert {key for (key,) in rows("SELECT key FROM event")} == {f"o{n}" for n in range(size)} - {f"o{n}" for n in bad}
    assert rows("SELECT count(*) FROM event") == [(size - len(bad),)]
    assert [int(row) - 1 for row, *_ in bad_rows(path)] == bad
