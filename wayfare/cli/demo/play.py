"""Loading the demo: the log as history, then its last days through the live engine, under a clock that jumps."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain, groupby
from typing import Any, TypeVar

from engine.customers import upsert_customers
from engine.dates import fire_dates
from engine.drain import settle
from engine.intake import ingest_events
from engine.match import match
from engine.products import upsert_products
from engine.runtime import Runtime
from engine.segments import refresh
from engine.sweep import sweep
from engine.value import VALUE, compute
from engine.value_terms import keep_terms
from store.imports import refresh_statistics
from wayfare.cli.demo import state as states
from wayfare.cli.demo.calendar import Calendar
from wayfare.cli.demo.cdnow import SOURCE, Row, customer_key, rows
from wayfare.cli.demo.events import SYNTHETIC, products, purchase_of
from wayfare.cli.demo.examples import JOURNEYS, SEGMENTS, publish_journey, publish_promotions, save_segments
from wayfare.cli.demo.newcomers import Newcomer, newcomers
from wayfare.cli.demo.people import SOURCES, person
from wayfare.cli.demo.state import State
from wayfare.errors import WayfareError
from wayfare.value.terms import Terms

T = TypeVar("T")
Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""

_CHUNK = 5000
_MATCH_CHUNK = 5000
_HOUR = timedelta(hours=1)
_DAYTIME = range(4, 19)
"""Hours (UTC) that are always looked at: it becomes 10:00 in them wherever customers live. At night little happens."""

_TABLES = ("customer", "identity", "consent", "event", "sales_order", "order_line", "customer_fact")
TERMS = Terms(
    currency="USD",
    margin=Decimal(35),
    rate=Decimal(10),
    acquisition={name: cost for name, _, cost in SOURCES},
    message_costs={"email": Decimal("0.1"), "sms": Decimal(4)},
    order_cost=150,
    hour_cost=2000,
    hours_attribute="service_hours",
)
"""Made up for the demo, like the sources: the log knows what was paid, and nothing of costs."""
_LIVE_TABLES = ("enrollment", "step_log", "message", "code", "segment_member", "segment_span", "customer_timer")


class Demo:
    """One load of the demo, from wherever an earlier one stopped. `runtime` gets a clock of its own."""

    def __init__(self, runtime: Runtime, state: State, progress: Progress) -> None:
        self.runtime = runtime
        self.store = runtime.store
        self.state = state
        self.progress = progress
        self.calendar = Calendar(state.now, state.live_days)
        self.clock = self.calendar.live_from
        runtime.now = lambda: self.clock
        events = [(self._at(row), row) for row in _sampled(state.sample)]
        events.sort(key=lambda one: (one[0], one[1].number))
        self.purchases: Sequence[tuple[datetime, Row]] = events

    def run(self) -> None:
        """Do every stage that is not done yet."""
        stages: Mapping[str, Callable[[], None]] = {
            "people": self._people,
            "history": self._history,
            "match": self._match,
            "publish": self._publish,
            "live": self._live,
            "value": self._value,
        }
        for name, work in stages.items():
            if not self.state.is_past(name):
                work()
                following = states.STAGES[states.STAGES.index(name) + 1]
                self.state = states.note(self.store, self.state, stage=following, done=0)

    def _at(self, row: Row) -> datetime:
        return self.calendar.moment(self.calendar.day(row.day), SOURCE, row.number)

    def _people(self) -> None:
        """Bring in everyone of the log, with what was made up for them, on the day of their first purchase."""
        upsert_products(self.store, products(), now=self.purchases[0][0], source=SYNTHETIC)
        first: dict[int, datetime] = {}
        for at, row in self.purchases:
            first.setdefault(row.customer, at - _HOUR / 12)
        done = 0
        for _, group in groupby(sorted(first.items(), key=lambda one: one[1]), key=lambda one: one[1].date()):
            together = list(group)
            self._add_people([(customer_key(customer), customer, at) for customer, at in together], together[-1][1])
            done += len(together)
            self.progress("customers", done, len(first))

    def _add_people(self, people: Sequence[tuple[str, int, datetime]], now: datetime) -> None:
        profiles = [person(key, number, since=at) for key, number, at in people]
        _expect_none(upsert_customers(self.store, profiles, now=now, source=SYNTHETIC, is_synthetic=True).errors)

    def _history(self) -> None:
        """Bring in the purchases before the journeys begin, as history: they count, and move nobody."""
        past = [(at, row) for at, row in self.purchases if at < self.calendar.live_from]
        for done in range(self.state.done, len(past), _CHUNK):
            chunk = past[done : done + _CHUNK]
            self._ingest([purchase_of(row, at) for at, row in chunk], chunk[-1][0], history=True)
            done += len(chunk)
            self.state = states.note(self.store, self.state, done=done)
            self.progress("purchases", done, len(past))

    def _ingest(self, items: Sequence[dict[str, Any]], now: datetime, *, history: bool = False) -> None:
        _expect_none(ingest_events(self.store, items, source_default=SOURCE, now=now, history=history).errors)

    def _match(self) -> None:
        """Let the history take effect: orders, figures per customer."""
        total = sum(at < self.calendar.live_from for at, _ in self.purchases)
        done = self.state.done
        while n := match(self.runtime, now=self.clock, limit=_MATCH_CHUNK):
            done += n
            self.progress("orders", min(done, total), total)
        self.progress("orders", total, total)
        self.store.run(lambda conn: refresh_statistics(conn, _TABLES))

    def _publish(self) -> None:
        """Build the segments and publish the journeys as of the day on which the live part begins."""
        zone, people = self.runtime.default_zone, len({row.customer for _, row in self.purchases})
        while refresh(self.store, self.clock, zone):
            pass  # everyone was touched, but no segment is there yet: they are built now, for everyone
        save_segments(self.runtime, self.clock)
        done = 0
        while n := refresh(self.store, self.clock, zone, limit=_CHUNK // 10):
            done += n
            self.progress("segments", min(done // len(SEGMENTS), people), people)
        self.progress("segments", people, people)
        for number, key in enumerate(JOURNEYS, start=1):
            publish_journey(self.runtime, key, self.clock)
            self.progress("journeys", number, len(JOURNEYS))
        publish_promotions(self.runtime, self.clock)

    def _live(self) -> None:
        """Live through the last days hour by hour: what happened comes in, and the engine answers."""
        registered = _by_hour((one.at, one) for one in newcomers(self.calendar))
        happened = _by_hour(self._happenings(registered))
        hours = _hours(self.calendar.live_from, self.calendar.now)
        busy = [hour for hour in hours if hour.hour in _DAYTIME or hour in happened or hour == hours[-1]]
        for number, hour in enumerate(busy):
            if number >= self.state.done:
                self._hour(min(hour + _HOUR, self.calendar.now), registered.get(hour, ()), happened.get(hour, ()))
                self.state = states.note(self.store, self.state, done=number + 1)
            self.progress("the last days, live", number + 1, len(busy))
        sweep(self.runtime, now=self.clock)
        self.store.run(lambda conn: refresh_statistics(conn, (*_TABLES, *_LIVE_TABLES)))

    def _value(self) -> None:
        """Score everyone for RFM, fit the forecast, and reckon what customers are worth."""
        self.clock = self.calendar.now
        self.store.run(lambda conn: keep_terms(conn, TERMS, self.clock))
        run = compute(self.store, VALUE, self.clock, "demo", lambda run: self.progress("values", run.percent, 100))
        if run.problem:
            raise WayfareError(f"values could not be computed: {run.problem}")

    def _happenings(
        self, registered: Mapping[datetime, Sequence[Newcomer]]
    ) -> Iterator[tuple[datetime, dict[str, Any]]]:
        for at, row in self.purchases:
            if at >= self.calendar.live_from:
                yield at, purchase_of(row, at)
        for one in chain.from_iterable(registered.values()):
            yield one.at, one.registration
            if one.first_order is not None:
                yield one.first_order["at"], one.first_order

    def _hour(self, until: datetime, registered: Sequence[Newcomer], happened: Sequence[dict[str, Any]]) -> None:
        """Let what happened in an hour come in at its end, and the engine do what is due then."""
        self.clock = until
        if registered:
            self._add_people([(one.key, one.number, one.at) for one in registered], until)
        if happened:
            self._ingest(sorted(happened, key=lambda one: (one["at"], one["key"])), until)
        fire_dates(self.runtime, now=until)
        settle(self.runtime)


def _sampled(sample: int) -> Iterator[Row]:
    """Yield the log, of one customer in `sample` only."""
    return (row for row in rows() if row.customer % sample == 0)


def _hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _hours(start: datetime, end: datetime) -> list[datetime]:
    """Return the beginnings of all hours from the one of `start` to the one of `end`."""
    first = _hour_of(start)
    return [first + number * _HOUR for number in range((_hour_of(end) - first) // _HOUR + 1)]


def _by_hour(items: Iterable[tuple[datetime, T]]) -> dict[datetime, list[T]]:
    """Return what belongs to each hour, by the hour's beginning."""
    found: dict[datetime, list[T]] = {}
    for at, item in items:
        found.setdefault(_hour_of(at), []).append(item)
    return found


def _expect_none(errors: Sequence[Any]) -> None:
    if errors:
        raise WayfareError(f"the demo's own data were refused: {errors[0]['path']}: {errors[0]['message']}")
