"""Numbers on the canvas: of one version and period, the same as the step log tells, in a fixed number of queries."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from builder.publish import publish
from builder.text import from_document
from nodes.registry import open_registry
from rig.shop import fill
from rig.statements import counted
from rig.web import Browser, Web, a_web
from store import drafts


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop's database in a file, filled once."""
    from store.migrate import upgrade

    path = tmp_path_factory.mktemp("shop") / "shop.sqlite3"
    upgrade(f"sqlite:///{path}")
    web = a_web(f"sqlite:///{path}")
    fill(web, customers=24, days=8)
    with web.store.engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    web.store.dispose()
    return path


@pytest.fixture
def shop(filled: Path, tmp_path: Path) -> Iterator[Web]:
    path = tmp_path / "wayfare.sqlite3"
    path.write_bytes(filled.read_bytes())
    web = a_web(f"sqlite:///{path}")
    yield web
    web.store.dispose()


@pytest.fixture
def ann(shop: Web) -> Browser:
    """An analyst, who sees numbers and no customers."""
    return shop.sign_in("analyst")


def numbers(browser: Browser, query: str = "period=all", key: str = "welcome") -> Any:
    answer = browser.get(f"/journeys/{key}/draft/stats?{query}")
    assert answer.status_code == 200
    return answer.json


PERIODS = ("all", "week", "today")


def rows(web: Web, query: str, **values: Any) -> list[Any]:
    with web.store.read() as conn:
        return list(conn.execute(text(query), values))


def test_the_numbers_are_those_of_the_log(shop: Web, ann: Browser) -> None:
    found = numbers(ann)
    version = rows(shop, "SELECT live_version_id FROM journey WHERE key = 'welcome'")[0][0]
    assert found["version"] == 1
    assert found["at"].startswith("2026-11-24T12:00")
    log = rows(shop, "SELECT node, port, count(*) FROM step_log WHERE version_id = :v GROUP BY node, port", v=version)
    ways = {f"{node}:{port}": n for node, port, n in log}
    assert sum(ways.values()) > 40
    for key, edge in found["edges"].items():
        assert edge["count"] == ways.get(key, 0)
    live = "SELECT node, count(*) FROM enrollment WHERE version_id = :v AND status IN ('active', 'waiting')"
    standing = {row[0]: row[1] for row in rows(shop, f"{live} GROUP BY node", v=version)}
    for id, node in found["nodes"].items():
        assert node["here"] == standing.get(id, 0)
        assert node["passed"] == sum(n for key, n in ways.items() if key.startswith(f"{id}:"))
    entered = rows(shop, "SELECT count(*) FROM enrollment WHERE version_id = :v", v=version)[0][0]
    assert found["nodes"]["start"]["entered"] == entered
    assert found["nodes"]["hello"]["entered"] == found["edges"]["start:next"]["count"]
    split = [found["edges"][f"wait:{port}"]["share"] for port in ("happened", "timeout")]
    assert sum(split) == pytest.approx(1, abs=0.001)


def test_a_period_counts_what_was_in_it(shop: Web, ann: Browser) -> None:
    whole, week, today = (numbers(ann, f"period={period}")["edges"]["start:next"]["count"] for period in PERIODS)
    assert whole > week > today >= 0
    shop.at += timedelta(days=30)
    later = numbers(shop.sign_in("analyst"), "period=week")
    assert {edge["count"] for edge in later["edges"].values()} == {0}
    assert {edge["share"] for edge in later["edges"].values()} == {None}
    assert sum(node["here"] for node in later["nodes"].values()) > 0


def test_each_version_has_its_own_numbers(shop: Web, ann: Browser) -> None:
    assert numbers(ann, "version=1") == numbers(ann, "")
    assert ann.get("/journeys/welcome/draft/stats?version=7").status_code == 404
    assert ann.get("/journeys/welcome/draft/stats?version=x").status_code == 404
    assert ann.get("/journeys/nobody/draft/stats").status_code == 404
    assert ann.get("/journeys/welcome/draft/stats?period=year").status_code == 422


def test_a_journey_that_was_never_published_has_no_numbers(shop: Web, ann: Browser) -> None:
    shop.store.run(lambda conn: drafts.save_draft(conn, "new", {"nodes": [], "edges": []}, now=shop.at))
    found = numbers(ann, key="new")
    assert (found["version"], found["nodes"], found["edges"]) == (None, {}, {})


def test_numbers_cost_the_same_queries_whatever_the_graph(shop: Web, ann: Browser) -> None:
    costs = []
    for count in (3, 200):
        first = {"id": "n1", "type": "trigger.event", "settings": {"event": "purchase"}}
        nodes = [first, *({"id": f"n{n}", "type": "flow.wait", "settings": {}} for n in range(2, count + 1))]
        edges = [{"from": f"n{n}", "to": f"n{n + 1}"} for n in range(1, count)]
        graph = from_document({"nodes": nodes, "edges": edges})
        publish(shop.store, open_registry([]), f"long{count}", graph, shop.at, "test")
        with counted(shop.store) as seen:
            assert len(numbers(ann, key=f"long{count}")["nodes"]) == count
        costs.append(len(seen))
    assert costs[0] == costs[1]
