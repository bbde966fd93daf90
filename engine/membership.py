"""One pass over segments and customers: load once, ask every rule, write the difference."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from store import segments as store
from store.db import Connection
from store.facts import load_facts
from store.segment_timers import Timer, timers_of, write_timers
from store.segments import Change, Head
from wayfare.segments import (
    Fact,
    Moment,
    Rule,
    RuleInvalid,
    facts_of,
    is_timed,
    parse_rule,
    segments_in,
    timing_facts_of,
    who,
)
from wayfare.segments.change import Truth, looker

_ZONE = Fact.of("time_zone")
_ERASED = Fact.of("erased_at")


@dataclass(frozen=True)
class Question:
    """A rule, and what must be known to ask it."""

    rule: Rule

    @cached_property
    def needs(self) -> frozenset[str]:
        """The keys of the segments that the rule asks for."""
        return segments_in(self.rule)

    @cached_property
    def facts(self) -> frozenset[Fact]:
        """All that must be loaded, for the answer and for when it may change."""
        return facts_of(self.rule) | timing_facts_of(self.rule)

    @cached_property
    def is_timed(self) -> bool:
        """Whether time alone can change the answer."""
        return is_timed(self.rule)

    @cached_property
    def has_figures(self) -> bool:
        """Whether it counts in windows. Such values are those of now, so no earlier moment can be asked for."""
        return any(fact.is_windowed for fact in facts_of(self.rule))


@dataclass(frozen=True, slots=True)
class Plan:
    """A segment and its question."""

    row: Head
    asks: Question


@dataclass(frozen=True, slots=True)
class Look:
    """Whom to look at in one segment: those touched, and those due with the instant of their timer."""

    touched: set[int]
    due: Mapping[int, datetime] = field(default_factory=dict)


def plan(
    rows: Sequence[Head], questions: Mapping[int, Question | RuleInvalid]
) -> tuple[dict[int, Plan], dict[str, str]]:
    """Return the segments by id, each after those it asks for, and by key why others cannot be asked.

    `questions` are by segment id. A rule that cannot be read, or that asks in a circle, costs itself only: its members
    stay as they are.
    """
    plans: dict[str, Plan] = {}
    broken: dict[str, str] = {}
    for row in rows:
        found = questions[row.id]
        if isinstance(found, RuleInvalid):
            broken[row.key] = str(found)
        else:
            plans[row.key] = Plan(row, found)
    while True:
        order = TopologicalSorter({key: one.asks.needs for key, one in plans.items()})
        try:
            keys = list(order.static_order())
        except CycleError as error:
            for key in error.args[1]:
                broken[key] = "segments ask for each other in a circle"
                plans.pop(key, None)
            continue
        return {plans[key].row.id: plans[key] for key in keys if key in plans}, broken


def question_of(rule: object) -> Question | RuleInvalid:
    """Parse a rule, or say why it cannot be asked."""
    try:
        return Question(parse_rule(rule))
    except RuleInvalid as error:
        return error


_NOBODY = Look(set())
_NEVER = datetime.max.replace(tzinfo=UTC)


class Pass:
    """One pass in one transaction. `depths` says how many journeys led to the change of a customer."""

    def __init__(
        self,
        conn: Connection,
        known: Mapping[int, Plan],
        now: datetime,
        default_zone: str,
        depths: Mapping[int, int] | None = None,
    ) -> None:
        self.conn = conn
        self.depths = depths or {}
        self.known = known
        self.now = now
        self.default_zone = default_zone
        self._moments: dict[str | None, Moment] = {}
        self._comings: dict[int, datetime] = {}
        self._figures: dict[int, datetime] = {}

    def run(self, looks: Mapping[int, Look], customers: Collection[int], kept: Mapping[int, Timer]) -> None:
        """Ask, and write members, history, timers and events of what changed.

        A changed membership makes the segments that ask for it look at the customer too, in the same pass. Afterwards
        each of `customers` has the earliest of the timers that were found and of the one that is `kept`.
        """
        ids = sorted(customers)
        if not ids:
            return
        plans = self._concerned(looks)
        if plans:
            self._load(plans, ids)
            self._ask_all(plans, looks)
        self._write_timers(ids, kept)

    def _load(self, plans: Sequence[Plan], customers: Sequence[int]) -> None:
        facts = {_ZONE, _ERASED}.union(*(one.asks.facts for one in plans))
        self.columns = load_facts(self.conn, customers, facts, self.now)
        zones = self.columns[_ZONE]
        self.moments = {id: self._moment(zones[id], self.now) for id in customers}
        self.erased = {id for id, at in self.columns[_ERASED].items() if at is not None}
        self.members = store.members_among(self.conn, [one.row.id for one in plans], customers)

    def _ask_all(self, plans: Sequence[Plan], looks: Mapping[int, Look]) -> None:
        rounds: list[list[Change]] = []
        moved: dict[str, dict[int, datetime]] = defaultdict(dict)  # segment key → customer → when it changed
        for one in plans:
            asked = looks.get(one.row.id, _NOBODY)
            causes = dict(asked.due)
            for key in one.asks.needs:
                for id, at in moved[key].items():
                    causes[id] = max(at, causes.get(id, at))
            causes = {id: at for id, at in causes.items() if id not in asked.touched}
            column = self.columns.get(Fact("segment", key=one.row.key))
            for number, change in self._ask(one, asked.touched | causes.keys(), causes):
                while len(rounds) <= number:
                    rounds.append([])
                rounds[number].append(change)
                moved[one.row.key][change.customer_id] = change.at
                if column is not None:
                    column[change.customer_id] = change.entered
        keys = {one.row.id: one.row.key for one in plans}
        silent = {one.row.id for one in plans if not one.row.built_rev}
        for changes in rounds:
            store.write_changes(self.conn, changes, keys, silent=silent, now=self.now, depths=self.depths)

    def _concerned(self, looks: Mapping[int, Look]) -> list[Plan]:
        """Return the segments to ask, in order: those with customers to look at, and those that ask for these."""
        keys = {self.known[id].row.key for id, one in looks.items() if one.touched or one.due}
        concerned = []
        for plan in self.known.values():
            if plan.row.key in keys or plan.asks.needs & keys:
                keys.add(plan.row.key)
                concerned.append(plan)
        return concerned

    def _ask(self, one: Plan, ids: set[int], causes: Mapping[int, datetime]) -> list[tuple[int, Change]]:
        """Ask one segment about customers; return each change with its number among those of this customer."""
        segment, members = one.row.id, self.members[one.row.id]
        changes: list[tuple[int, Change]] = []
        stepped: set[int] = set()
        if one.asks.is_timed:
            look = looker(one.asks.rule, self.columns)
            comings = self._figures if one.asks.has_figures else self._comings
            if not one.asks.has_figures:
                stepped = causes.keys() - self.erased
                for id in stepped:
                    steps, coming = self._steps(look, id, causes[id], id in members)
                    changes += [(n, Change(segment, id, at, entered)) for n, (at, entered) in enumerate(steps)]
                    if coming is not None and coming < comings.get(id, _NEVER):
                        comings[id] = coming
            inside = set()
            for id in ids - stepped - self.erased:
                truth, coming = look(id, self.moments[id])
                if truth:
                    inside.add(id)
                if coming is not None and coming < comings.get(id, _NEVER):
                    comings[id] = coming
        else:
            inside = who(one.asks.rule, self.columns, self.moments, ids - self.erased)
        for id in sorted((inside ^ members) & ids - stepped):
            changes.append((0, Change(segment, id, causes.get(id, self.now), id in inside)))
        return changes

    def _steps(
        self, look: Callable[[int, Moment], Truth], id: int, due: datetime, inside: bool
    ) -> tuple[list[tuple[datetime, bool]], datetime | None]:
        """Return the changes since a timer was due, each at the very instant at which time made it, and what comes."""
        zone = self.columns[_ZONE][id]
        steps: list[tuple[datetime, bool]] = []
        at: datetime | None = min(due, self.now)
        while at is not None and at <= self.now:
            truth, coming = look(id, self._moment(zone, at))
            if truth is not inside:
                steps.append((at, truth))
                inside = truth
            at = coming
        return steps, at

    def _write_timers(self, customers: Sequence[int], kept: Mapping[int, Timer]) -> None:
        there = timers_of(self.conn, customers)
        changed: dict[int, Timer | None] = {}
        for id in customers:
            figures = self._figures.get(id)
            due = self._comings.get(id)
            if (old := kept.get(id)) is not None:
                due = old.due_at if due is None or old.due_at < due else due
                if old.figures_at is not None and (figures is None or old.figures_at < figures):
                    figures = old.figures_at
            if figures is not None and (due is None or figures < due):
                due = figures
            timer = None if due is None else Timer(due, figures)
            if timer != there.get(id):
                changed[id] = timer
        write_timers(self.conn, changed)

    def _moment(self, zone: str | None, at: datetime) -> Moment:
        if at is not self.now:
            return Moment(at, zone, self.default_zone)
        moment = self._moments.get(zone)
        if moment is None:
            moment = self._moments[zone] = Moment(at, zone, self.default_zone)
        return moment
