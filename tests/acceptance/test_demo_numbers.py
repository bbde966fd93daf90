"""The demo's numbers, worked out once more from the raw purchase log alone: who is where must be the same, by name."""

import gzip
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from builder import text as graph_text
from builder.check import Context, check
from engine.channels.file import FileChannel
from engine.runtime import Runtime
from nodes.registry import open_registry
from store.db import Store
from store.migrate import upgrade
from store.tables import metadata
from store.types import instant_of
from wayfare.cli.demo import state
from wayfare.cli.demo.examples import FOLDER, JOURNEYS, SEGMENTS
from wayfare.cli.demo.play import Demo
from wayfare.vault import Vault

NOW = datetime(2026, 11, 24, 17, 5, tzinfo=UTC)  # after 10:00 and before midnight wherever customers live
TODAY = date(2026, 11, 24)
SHIFT = TODAY - date(1998, 6, 30)
BEGIN = TODAY - timedelta(days=21)  # the journeys are published early on this day, before any purchase of it
STAGES = (9, 12, 15, 18, 21, 24, 27, 30, 33, 36)


def bought_on(sample: int) -> dict[str, list[tuple[date, int]]]:
    """Return (day, cents) of all purchases by customer key, straight from the published text."""
    packed = files("wayfare").joinpath("data", "cdnow", "CDNOW_master.txt.gz").read_bytes()
    found: dict[str, list[tuple[date, int]]] = defaultdict(list)
    for line in gzip.decompress(packed).decode().splitlines()[1:]:
        customer, day, _, dollars = line.split()
        if int(customer) % sample == 0:
            when = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).date() + SHIFT
            found[f"cdnow-{customer}"].append((when, int(dollars.replace(".", ""))))
    return found


def months_after(day: date, months: int) -> date:
    """Count months on the calendar; the last day of the month where the day does not exist."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("unreachable")


def segment_of(purchases: list[tuple[date, int]]) -> str:
    if sum(cents for _, cents in purchases) >= 50_000:
        return "vip"
    return "loyal" if len(purchases) >= 5 else "regular" if len(purchases) >= 2 else "new"


@dataclass
class Loaded:
    """A demo that is loaded, and the log that it was loaded from."""

    store: Store
    folder: Path
    sample: int
    live_days: int = 21
    log: dict[str, list[tuple[date, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.log = bought_on(self.sample)

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.store.read() as conn:
            return [tuple(row) for row in conn.execute(text(query), values)]

    def keys(self, query: str, **values: Any) -> set[str]:
        """Return the customers of the log that a query finds by key."""
        return {row[0] for row in self.rows(query, **values) if str(row[0]).startswith("cdnow-")}

    def load(self, progress: Callable[[str, int, int], None] = lambda *_: None) -> None:
        """Load, or go on."""
        runtime = Runtime(
            self.store,
            open_registry(),
            self.store.vault,
            channels={"email": FileChannel("email", self.folder / "outbox")},
        )
        begun = state.read(self.store) or state.note(self.store, state.State(NOW, self.sample, self.live_days))
        Demo(runtime, begun, progress).run()

    def where_everyone_is(self) -> set[tuple[Any, ...]]:
        """Return each passage by customer: journey, entry, place, and each step that was taken."""
        passages = self.rows(
            """SELECT j.key, c.key, e.status, e.node, e.reason, e.entered_at FROM enrollment e
            JOIN journey j ON j.id = e.journey_id JOIN customer c ON c.id = e.customer_id"""
        )
        steps = self.rows(
            """SELECT c.key, s.node, s.port FROM step_log s JOIN enrollment e ON e.id = s.enrollment_id
            JOIN customer c ON c.id = e.customer_id"""
        )
        messages = self.rows(
            """SELECT c.key, m.node, m.status, m.reason FROM message m JOIN customer c ON c.id = m.customer_id"""
        )
        return {*[(*row[:5], instant_of(row[5])) for row in passages], *steps, *messages}


def _empty(folder: Path, sample: int, live_days: int = 21, url: str = "") -> Loaded:
    folder.mkdir(exist_ok=True)
    url = url or f"sqlite:///{folder / 'demo.sqlite3'}"
    upgrade(url)
    return Loaded(Store(url, Vault(b"a secret that only tests know, 32+")), folder, sample, live_days)


@pytest.fixture(
    scope="module", params=[pytest.param(10, id="every-tenth"), pytest.param(1, id="whole", marks=pytest.mark.scale)]
)
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    folder = tmp_path_factory.mktemp("demo")
    loaded = _empty(folder, request.param)
    loaded.load()
    yield loaded
    loaded.store.dispose()
    shutil.rmtree(folder)


def test_every_purchase_of_the_log_is_an_order_to_the_cent(demo: Loaded) -> None:
    found: dict[str, list[tuple[date, int]]] = defaultdict(list)
    query = """SELECT c.key, c.time_zone, o.at, sum(l.quantity * l.price), o.total FROM sales_order o
        JOIN customer c ON c.id = o.customer_id JOIN order_line l ON l.order_id = o.id
        WHERE o.source = 'cdnow' GROUP BY c.key, c.time_zone, o.id, o.at, o.total"""
    for key, zone, at, cents, total in demo.rows(query):
        assert cents == total
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
        assert moment <= NOW
        found[key].append((moment.astimezone(ZoneInfo(zone)).date(), cents))
    assert {key: sorted(orders) for key, orders in found.items()} == {
        key: sorted(orders) for key, orders in demo.log.items()
    }


def test_the_example_of_50_promotions_prices_carts(demo: Loaded) -> None:
    assert demo.rows("SELECT number, status, kind, created_by FROM ruleset_version") == [
        (1, "approved", "publish", "demo")
    ]
    assert demo.rows("SELECT count(*) FROM draft_promotion WHERE kind = 'promotion'") == [(50,)]


def test_the_segments_hold_whom_the_log_puts_there(demo: Loaded) -> None:
    expected: dict[str, set[str]] = {key: set() for key in SEGMENTS}
    for key, purchases in demo.log.items():
        expected[segment_of(purchases)].add(key)
        days = (TODAY - max(day for day, _ in purchases)).days
        if days >= 273:
            expected["sleeping" if days <= 1095 else "lost"].add(key)
    for key in SEGMENTS:
        query = """SELECT c.key FROM segment_member m JOIN segment s ON s.id = m.segment_id
            JOIN customer c ON c.id = m.customer_id WHERE s.key = :key"""
        assert demo.keys(query, key=key) == expected[key], key
    assert expected["vip"]
    assert expected["sleeping"]
    assert not expected["lost"]  # the log has eighteen months
    for key, size, members in demo.rows(
        """SELECT s.key, s.size, count(m.customer_id) FROM segment s LEFT JOIN segment_member m
        ON m.segment_id = s.id GROUP BY s.key, s.size"""
    ):
        assert size == members, key


@dataclass
class Sleeper:
    """What the log alone says of one customer in the journey for sleeping customers."""

    entered: date
    back_on: date | None
    waits_for: int
    mailed: set[int] = field(default_factory=set)
    perhaps_mailed: set[int] = field(default_factory=set)


def sleepers(log: dict[str, list[tuple[date, int]]]) -> dict[str, Sleeper]:
    """Work out who enters from BEGIN on, who buys again, and which stages are reached until then.

    Where the purchase falls on the very day of a stage, the hour decides, which the log does not know.
    """
    found = {}
    for key, purchases in log.items():
        days = sorted(day for day, _ in purchases)
        before = [day for day in days if day < BEGIN]
        if not before:
            continue
        last = max(before)
        entered = max(BEGIN, last + timedelta(days=273))
        after = [day for day in days if day >= BEGIN]
        if entered > TODAY or (after and after[0] < entered):
            continue
        back = after[0] if after else None
        one = Sleeper(entered, back, next(n for n in STAGES if months_after(last, n) > (back or TODAY)))
        for stage in STAGES:
            day = months_after(last, stage)
            if entered <= day <= TODAY and (back is None or day <= back):
                (one.perhaps_mailed if day == back else one.mailed).add(stage)
        found[key] = one
    return found


def test_sleeping_customers_stand_at_the_stage_that_the_log_gives_them(demo: Loaded) -> None:
    expected = sleepers(demo.log)
    entered = """SELECT c.key FROM enrollment e JOIN customer c ON c.id = e.customer_id
        JOIN journey j ON j.id = e.journey_id WHERE j.key = 'sleeping'"""
    assert demo.keys(entered) == expected.keys()
    for stage in STAGES:
        waiting = {key for key, one in expected.items() if one.back_on is None and one.waits_for == stage}
        assert demo.keys(f"{entered} AND e.status = 'waiting' AND e.node = :node", node=f"wait_{stage}") == waiting
    back = {key for key, one in expected.items() if one.back_on is not None}
    assert demo.keys(f"{entered} AND e.status = 'exited' AND e.reason = 'bought again'") == back
    assert demo.keys(f"{entered} AND e.goal_at IS NOT NULL") == back
    assert back  # real people came back
    for stage in STAGES:
        left = {key for key, one in expected.items() if one.back_on is not None and one.waits_for == stage}
        unsure = {key for key, one in expected.items() if one.perhaps_mailed}
        found = demo.keys(f"{entered} AND e.status = 'exited' AND e.node = :node", node=f"wait_{stage}")
        assert found - unsure == left - unsure


def test_each_stage_wrote_to_whom_the_log_puts_there_and_gave_a_code_of_their_own(demo: Loaded) -> None:
    expected = sleepers(demo.log)
    for stage in STAGES[:-1]:
        sure = {key for key, one in expected.items() if stage in one.mailed}
        perhaps = {key for key, one in expected.items() if stage in one.perhaps_mailed}
        message = "SELECT c.key FROM message m JOIN customer c ON c.id = m.customer_id WHERE m.node = :node"
        code = "SELECT c.key FROM code k JOIN customer c ON c.id = k.customer_id WHERE k.node = :node"
        for query, node in ((message, f"mail_{stage}"), (code, f"code_{stage}")):
            found = [row[0] for row in demo.rows(query, node=node)]
            assert len(found) == len(set(found))
            assert sure <= set(found) <= sure | perhaps


def test_birthdays_of_the_last_days_took_the_branch_that_the_log_gives_them(demo: Loaded) -> None:
    query = """SELECT c.key, s.port, k.valid_until, c.time_zone
        FROM step_log s JOIN enrollment e ON e.id = s.enrollment_id
        JOIN customer c ON c.id = e.customer_id JOIN journey j ON j.id = e.journey_id
        JOIN code k ON k.enrollment_id = e.id WHERE j.key = 'birthday' AND s.node = 'who'"""
    taken = {row[0]: row[1:] for row in demo.rows(query) if row[0].startswith("cdnow-")}
    born = {key: date.fromisoformat(day) for key, day in demo.rows("SELECT key, birthday FROM customer") if day}
    due: dict[str, date] = {}
    for key in demo.log.keys() & born.keys():
        for back in range(22):
            day = TODAY - timedelta(days=back)
            birthday = day + timedelta(days=7)
            is_substitute = (born[key].month, born[key].day, birthday.month, birthday.day) == (2, 29, 2, 28)
            if (birthday.month, birthday.day) == (born[key].month, born[key].day) or is_substitute:
                due[key] = day
    assert taken.keys() == due.keys()
    assert len({port for port, *_ in taken.values()}) >= 3  # of 4; a tenth of the log has few VIPs
    for key, (port, valid_until, zone) in taken.items():
        early = segment_of([one for one in demo.log[key] if one[0] < due[key]])
        late = segment_of([one for one in demo.log[key] if one[0] <= due[key]])
        assert port in (early, late), key
        end = datetime.fromisoformat(valid_until).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
        assert end.date() == due[key] + timedelta(days=14)
        assert (end + timedelta(seconds=1)).date() == due[key] + timedelta(days=15)


def test_newcomers_are_thanked_for_a_purchase_in_a_week_and_reminded_without(demo: Loaded) -> None:
    happened = demo.rows(
        """SELECT c.key, e.type, e.at FROM event e JOIN customer c ON c.id = e.customer_id WHERE c.key LIKE 'newcomer-%'
        AND e.source = 'demo' ORDER BY e.at"""
    )
    registered = {key: datetime.fromisoformat(at).replace(tzinfo=UTC) for key, type, at in happened if "reg" in type}
    bought = {key: datetime.fromisoformat(at).replace(tzinfo=UTC) for key, type, at in happened if type == "purchase"}
    assert len(registered) > 200
    assert 0.25 < len(bought) / len(registered) < 0.45
    week, zones = timedelta(days=7), dict(demo.rows("SELECT key, time_zone FROM customer"))
    reminded, thanked = set(), set()
    for key, at in registered.items():
        zone = ZoneInfo(zones[key])
        until = (at.astimezone(zone).replace(tzinfo=None) + week).replace(tzinfo=zone)  # seven days on their calendar
        if key in bought:
            thanked.add(key)
        if (key not in bought or bought[key] > until) and until <= NOW:
            reminded.add(key)
    query = """SELECT c.key FROM message m JOIN customer c ON c.id = m.customer_id WHERE m.node = :node"""
    assert {row[0] for row in demo.rows(query, node="welcome")} == registered.keys()
    assert {row[0] for row in demo.rows(query, node="reminder")} == reminded
    assert {row[0] for row in demo.rows(query, node="thanks")} == thanked


def test_messages_left_when_they_were_meant_to_and_only_to_those_who_agreed(demo: Loaded) -> None:
    agreed = demo.rows(
        """SELECT count(*) FROM message m LEFT JOIN consent c ON c.customer_id = m.customer_id AND c.channel = m.channel
        AND c.purpose = m.purpose WHERE m.status = 'sent' AND coalesce(c.granted, 0) = 0"""
    )
    assert agreed == [(0,)]
    statuses = dict(demo.rows("SELECT status, count(*) FROM message GROUP BY status"))
    assert statuses["sent"] > 8 * (sum(statuses.values()) - statuses["sent"])
    assert statuses.keys() <= {"sent", "suppressed", "failed"}  # failed: no address
    hours = demo.rows(
        """SELECT count(DISTINCT substr(sent_at, 1, 10)), min(sent_at), max(sent_at) FROM message
        WHERE status = 'sent'"""
    )
    assert hours[0][0] == 22
    assert hours[0][1] >= BEGIN.isoformat()
    assert hours[0][2] < (NOW + timedelta(minutes=10)).isoformat(" ")
    written = sum(1 for _ in demo.folder.glob("outbox/email/*/*.eml"))
    assert written == statuses["sent"]


def test_a_second_load_changes_nothing(demo: Loaded) -> None:
    tables = sorted(metadata.tables)
    before = {name: demo.rows(f"SELECT count(*) FROM {name}") for name in tables}
    everyone = demo.where_everyone_is()
    demo.load()
    assert {name: demo.rows(f"SELECT count(*) FROM {name}") for name in tables} == before
    assert demo.where_everyone_is() == everyone


def test_a_load_that_is_cut_off_goes_on_and_comes_to_the_same(tmp_path: Path) -> None:
    whole = _empty(tmp_path / "whole", 150, live_days=4)
    whole.load()
    broken = _empty(tmp_path / "broken", 150, live_days=4)
    told = 0
    cuts = {"customers": 3, "purchases": 1, "orders": 1, "segments": 1, "journeys": 2, "the last days, live": 30}

    def progress(what: str, done: int, total: int) -> None:
        nonlocal told
        told += what in cuts
        if told == cuts.get(what):
            del cuts[what]
            raise KeyboardInterrupt

    while cuts:
        told = 0
        with pytest.raises(KeyboardInterrupt):
            broken.load(progress)
    broken.load()
    assert broken.where_everyone_is() == whole.where_everyone_is()
    for one in (whole, broken):
        one.store.dispose()


def test_both_databases_come_to_the_same(tmp_path: Path, postgres_url: str) -> None:
    worlds = [_empty(tmp_path / "a", 150, live_days=4), _empty(tmp_path / "b", 150, live_days=4, url=postgres_url)]
    for one in worlds:
        one.load()
    first, second = (one.where_everyone_is() for one in worlds)
    assert first == second
    for one in worlds:
        one.store.dispose()


def test_the_files_that_the_demo_publishes_are_canonical_and_without_a_problem() -> None:
    known = Context({"segment": frozenset(SEGMENTS)})
    files = {file.stem for file in (FOLDER / "journeys").glob("*.json")}
    assert files >= JOURNEYS.keys()
    for key in files:
        content = (FOLDER / "journeys" / f"{key}.json").read_text()
        graph = graph_text.read(content)
        assert graph_text.write(graph) == content
        if key in JOURNEYS:
            assert check(graph, open_registry(), known) == []


def test_what_runs_is_what_the_files_say(demo: Loaded) -> None:
    for key in JOURNEYS:
        (row,) = demo.rows(
            """SELECT v.graph, j.status FROM journey j JOIN journey_version v ON v.id = j.live_version_id
            WHERE j.key = :key""",
            key=key,
        )
        assert graph_text.write(graph_text.read(row[0])) == (FOLDER / "journeys" / f"{key}.json").read_text()
        assert row[1] == "live"
