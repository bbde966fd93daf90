"""`wayfare doctor` says what is wrong, and its exit code says whether something is."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rig.coupons import a_batch
from rig.gift import publish
from rig.world import SECRET, World
from wayfare import clock
from wayfare.cli import main

Doctor = Callable[..., dict[str, tuple[str, str]]]


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Doctor:
    """Run it on a database; return {what: (state, detail)} and check that the exit code fits."""
    monkeypatch.setenv("WAYFARE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("WAYFARE_SECRET_KEY", SECRET.decode())

    def run(url: str, *args: str) -> dict[str, tuple[str, str]]:
        monkeypatch.setenv("WAYFARE_DATABASE_URL", url)
        try:
            main(["doctor", "--json", *args])
            code: object = 0
        except SystemExit as stopped:
            code = stopped.code
        lines = {one["what"]: (one["state"], one["detail"]) for one in json.loads(capsys.readouterr().out)}
        assert code == int(any(state == "problem" for state, _ in lines.values()))
        return lines

    return run


def problems(lines: dict[str, tuple[str, str]]) -> list[str]:
    return [what for what, (state, _) in lines.items() if state == "problem"]


def test_a_healthy_place_has_no_problem(database_url: str, doctor: Doctor) -> None:
    world = World(database_url, now=clock.now())
    world.happens(publish(world, 5), "shop.visited")
    world.settle()
    world.close()
    assert problems(doctor(database_url, "--invariants")) == []


def test_a_pool_of_codes_that_runs_low_is_a_warning(database_url: str, doctor: Doctor) -> None:
    world = World(database_url, now=clock.now())
    a_batch(world, "winter", uses_pool=True, pool_warn=1_000)
    a_batch(world, "spring", uses_pool=True)
    world.close()
    lines = doctor(database_url)
    assert [(what, state) for what, (state, _) in lines.items() if "codes" in what] == [
        ("0 codes are left for journeys in winter", "warning")
    ]


def test_what_was_lost_is_shown_with_examples(database_url: str, doctor: Doctor) -> None:
    from sqlalchemy import text

    world = World(database_url, now=clock.now())
    world.happens(publish(world, 5), "shop.visited")
    world.settle()
    world.store.run(lambda conn: conn.execute(text("DELETE FROM step_log WHERE node = 'split'")))
    world.close()
    assert problems(doctor(database_url)) == []
    lines = doctor(database_url, "--invariants")
    assert any(what.startswith("I4 ") for what in problems(lines))
    assert any("5 breaches" in detail for _, detail in lines.values())


def test_a_package_that_cannot_be_loaded_is_named(
    sqlite_url: str, tmp_path: Path, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "site"
    (installed / "acme_broken-1.0.dist-info").mkdir(parents=True)
    (installed / "acme_broken-1.0.dist-info" / "METADATA").write_text("Name: acme-broken\nVersion: 1.0\n")
    points = "[wayfare.nodes]\nbroken = acme_broken:Split\n"
    (installed / "acme_broken-1.0.dist-info" / "entry_points.txt").write_text(points)
    (installed / "acme_broken.py").write_text("raise RuntimeError('no licence')\n")
    monkeypatch.syspath_prepend(str(installed))
    lines = doctor(sqlite_url)
    (what,) = problems(lines)
    assert "broken" in what
    assert "acme-broken" in what
    assert "no licence" in lines[what][1]


def test_a_database_that_is_not_there_or_too_old_is_a_line_and_no_traceback(tmp_path: Path, doctor: Doctor) -> None:
    assert problems(doctor(f"sqlite:///{tmp_path}/new.sqlite3")) == ["The tables are not up to date"]
    assert problems(doctor("postgresql://nobody@127.0.0.1:1/none")) == ["The database does not answer"]
