"""One pass over segments and customers: load once, ask every rule, write the difference."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from store import segments as store
from store.db import Connection
from store.facts import load_facts
from store.segments import Change, Pair, SegmentRow
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
from wayfare.segments.change import looker

_ZONE = Fact.of("time_zone")
_ERASED = Fact.of("erased_at")


@dataclass(frozen=True)
class Plan:
    """A segment with its rule parsed."""

    row: SegmentRow
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
class Look:
    """Whom to look at in one segment: those touched, and those due with the instant of their timer."""

    touched: set[int]
    due: Mapping[int, datetime] = field(default_factory=dict)


def plan(rows: Iterable[SegmentRow]) -> tuple[dict[int, Plan], dict[str, str]]:
    """Return the segments by id, each after those it asks for, and by key why others cannot be asked.

    A rule that cannot be read, or that asks in a circle, costs itself only: its members stay as they are.
    """
    plans: dict[str, Plan] = {}
    broken: dict[str, str] = {}
    for row in rows:
        try:
            plans[row.key] = Plan(row, parse_rule(row.rule))
        except RuleInvalid as error:
            broken[row.key] = str(error)
    while True:
        order = TopologicalSorter({key: one.needs for key, one in plans.items()})
        try:
            keys = list(order.static_order())
        except CycleError as error:
            for key in error.args[1]:
                broken[key] = "segments ask for each other in a circle"
                plans.pop(key, None)
            continue
        return {plans[key].row.id: plans[key] for key in keys if key in plans}, broken


class Pass:
    """One pass in one transaction. `looked` holds every (segment, customer) that was asked about.

    `depths` says how many journeys led to the change of a customer.
    """

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
        self.looked: set[Pair] = set()
        self._moments: dict[str | None, Moment] = {}

    def run(self, looks: Mapping[int, Look]) -> None:
        """Ask, and write members, history, timers and events of what changed.

        A changed membership makes the segments that ask for it look at the customer too, in the same pass.
        """
        plans = self._concerned(looks)
        customers = sorted({id for one in looks.values() for id in (*one.touched, *one.due)})
        if not plans or not customers:
            return
        facts = {_ZONE, _ERASED}.union(*(one.facts for one in plans))
        self.columns = load_facts(self.conn, customers, facts, self.now)
        zones = self.columns[_ZONE]
        self.moments = {id: self._moment(zones[id], self.now) for id in customers}
        self.erased = {id for id, at in self.columns[_ERASED].items() if at is not None}
        with_timers = [one.row.id for one in plans if _may_have_timers(one)]
        self.timers = store.timers_among(self.conn, with_timers, customers)
        members = store.members_among(self.conn, [one.row.id for one in plans], customers)
        rounds: list[list[Change]] = []
        timers: dict[Pair, datetime | None] = {}
        moved: dict[str, dict[int, datetime]] = defaultdict(dict)  # segment key → customer → when it changed
        for one in plans:
            asked = looks.get(one.row.id, Look(set()))
            causes = dict(asked.due)
            for key in one.needs:
                for id, at in moved[key].items():
                    causes[id] = max(at, causes.get(id, at))
            causes = {id: at for id, at in causes.items() if id not in asked.touched}
            found = self._ask(one, asked.touched | causes.keys(), causes, members[one.row.id], timers)
            column = self.columns.get(Fact("segment", key=one.row.key))
            for number, change in found:
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
        store.write_timers(self.conn, timers)

    def _concerned(self, looks: Mapping[int, Look]) -> list[Plan]:
        """Return the segments to ask, in order: those with customers to look at, and those that ask for these."""
        keys = {self.known[id].row.key for id, one in looks.items() if one.touched or one.due}
        concerned = []
        for plan in self.known.values():
            if plan.row.key in keys or plan.needs & keys:
                keys.add(plan.row.key)
                concerned.append(plan)
        return concerned

    def _ask(
        self,
        one: Plan,
        ids: set[int],
        causes: Mapping[int, datetime],
        members: set[int],
        timers: dict[Pair, datetime | None],
    ) -> list[tuple[int, Change]]:
        """Ask one segment about customers; return each change with its number among those of this customer."""
        segment = one.row.id
        self.looked.update((segment, id) for id in ids)
        inside = who(one.rule, self.columns, self.moments, ids - self.erased)
        changes: list[tuple[int, Change]] = []
        stepped: set[int] = set()
        if one.is_timed and not one.has_figures:
            for id, due in causes.items():
                if id not in self.erased:
                    stepped.add(id)
                    steps = self._steps(one, id, due, id in members)
                    changes += [(n, Change(segment, id, at, entered)) for n, (at, entered) in enumerate(steps)]
        for id in sorted((inside ^ members) & ids - stepped):
            changes.append((0, Change(segment, id, causes.get(id, self.now), id in inside)))
        if _may_have_timers(one):
            self._set_timers(one, ids, timers)
        return changes

    def _steps(self, one: Plan, id: int, due: datetime, inside: bool) -> list[tuple[datetime, bool]]:
        """Return the changes since a timer was due, each at the very instant at which time made it."""
        look, zone = looker(one.rule, self.columns), self.columns[_ZONE][id]
        steps: list[tuple[datetime, bool]] = []
        at: datetime | None = min(due, self.now)
        while at is not None and at <= self.now:
            truth, coming = look(id, self._moment(zone, at))
            if truth is not inside:
                steps.append((at, truth))
                inside = truth
            at = coming
        return steps

    def _set_timers(self, one: Plan, ids: set[int], timers: dict[Pair, datetime | None]) -> None:
        look = looker(one.rule, self.columns)
        for id in ids:
            pair = (one.row.id, id)
            _, coming = (False, None) if id in self.erased else look(id, self.moments[id])
            if coming != self.timers.get(pair):
                timers[pair] = coming

    def _moment(self, zone: str | None, at: datetime) -> Moment:
        if at is not self.now:
            return Moment(at, zone, self.default_zone)
        moment = self._moments.get(zone)
        if moment is None:
            moment = self._moments[zone] = Moment(at, zone, self.default_zone)
        return moment


def _may_have_timers(one: Plan) -> bool:
    """Say whether timers may be there or come: its rule is timed, or was, before the change that is being built."""
    return one.is_timed or one.row.built_rev < one.row.rev
