"""Whatever happens to codes and certificates in whatever order: a model with plain numbers says the same."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from offers.certificates import spend
from offers.certificates.issue import Issued
from offers.certificates.proof import Proof
from offers.codes import states
from rig.certificates import captures, holds, is_balanced, payment, refunds, releases, sold
from rig.coupons import a_batch, code_id, some_codes, why
from rig.postgres import PostgresServer
from rig.world import World
from store import codes
from store.migrate import upgrade

AMOUNTS = st.sampled_from([1, 700, 1_000, 2_500, 5_000])
FACE = 5_000


class CodeMachine(RuleBasedStateMachine):
    """Two unique codes and a shared one with three uses, against their states in words."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        name = next(_names)
        one, two = some_codes(self.world, 2, f"u{name}", valid_days=10)
        a_batch(self.world, f"s{name}", kind="shared", shared_text=f"ANNA{name}", max_uses=3)
        self.codes = [one, two, f"ANNA{name}"]
        self.ids = [code_id(self.world, code) for code in self.codes]
        self.most = [1, 1, 3]
        self.held, self.used = [0, 0, 0], [0, 0, 0]
        self.is_void = [False] * 3
        self.begun = self.world.now

    def works(self, which: int) -> bool:
        late = which < 2 and self.world.now > self.begun + timedelta(days=10)
        return not (late or self.is_void[which]) and self.held[which] + self.used[which] < self.most[which]

    def did(self, change: Any, which: int, *rest: Any, **more: Any) -> bool:
        return bool(self.world.store.run(lambda conn: change(conn, [self.ids[which]], *rest, **more)))

    @rule(which=st.integers(0, 2))
    def reserve(self, which: int) -> None:
        works = self.works(which)
        assert self.did(codes.reserve, which, self.world.now) == works
        self.held[which] += works

    @rule(which=st.integers(0, 2))
    def confirm(self, which: int) -> None:
        can = self.held[which] > 0
        assert self.did(codes.redeem, which, self.world.now) == can
        self.held[which] -= can
        self.used[which] += can

    @rule(which=st.integers(0, 2))
    def release(self, which: int) -> None:
        can = self.held[which] > 0
        assert self.did(codes.release, which) == can
        self.held[which] -= can

    @rule(which=st.integers(0, 2))
    def give_back(self, which: int) -> None:
        can = self.used[which] > 0
        assert self.did(codes.restore, which) == can
        self.used[which] -= can

    @precondition(lambda self: sum(self.is_void) < 2)
    @rule(which=st.integers(0, 2))
    def void(self, which: int) -> None:
        can = not self.is_void[which] and self.used[which] < self.most[which]
        assert self.did(states.void, which, reason="test", now=self.world.now, by="alice") == can
        self.is_void[which] |= can

    @rule(days=st.integers(1, 6))
    def time_passes(self, days: int) -> None:
        self.world.now += timedelta(days=days)

    @invariant()
    def every_code_says_what_the_model_says(self) -> None:
        for which, code in enumerate(self.codes):
            assert (why(self.world, code) == "") == self.works(which)
        is_balanced(self.world)


class CertificateMachine(RuleBasedStateMachine):
    """One certificate and its payments, against a balance in a variable."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.name = str(next(_names))
        self.gift: Issued = sold(self.world, FACE, line=self.name, valid_until=self.world.now + timedelta(days=40))
        self.until = self.world.now + timedelta(days=40)
        self.balance = FACE
        self.status = "active"
        self.keys = itertools.count(1)
        self.held: dict[str, tuple[int, Any]] = {}
        self.paid: dict[str, int] = {}

    def spendable(self) -> bool:
        return self.status == "active" and self.world.now <= self.until

    @rule(amount=AMOUNTS)
    def authorise(self, amount: int) -> None:
        key = f"{self.name}-{next(self.keys)}"
        fits = self.spendable() and amount <= self.balance
        for _ in range(2):  # a repetition answers the same
            assert (holds(self.world, self.gift, amount, key).reason == "") == fits
        if fits:
            self.balance -= amount
            self.held[key] = (amount, self.world.now + spend.HOLD_LIVES)

    @precondition(lambda self: self.held)
    @rule(part=AMOUNTS, data=st.data())
    def capture(self, part: int, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.held)))
        amount, _ = self.held[key]
        answer = captures(self.world, key, part)
        assert (answer.reason == "") == (part <= amount)
        if part <= amount:
            del self.held[key]
            self.balance += amount - part
            self.paid[key] = part

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.held)))
        assert releases(self.world, key).reason == ""
        self.balance += self.held.pop(key)[0]

    @precondition(lambda self: self.paid)
    @rule(part=AMOUNTS, data=st.data())
    def give_back(self, part: int, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.paid)))
        fits = self.status != "void" and part <= self.paid[key]
        answers = [refunds(self.world, key, part, refund) for refund in [str(next(self.keys))] * 2]
        assert {answer.reason == "" for answer in answers} == {fits}
        if fits:
            self.paid[key] -= part
            self.balance += part
            self.status = "active"
            self.until = max(self.until, self.world.now + spend.GRACE)

    @rule(hours=st.sampled_from([0, 1, 24, 24 * 20]))
    def time_passes_and_somebody_tidies(self, hours: int) -> None:
        self.world.now += timedelta(hours=hours)
        self.world.store.run(lambda conn: spend.tidy(conn, self.world.now))
        for key, (amount, until) in list(self.held.items()):
            if until < self.world.now:
                del self.held[key]
                self.balance += amount
        if self.status == "active" and self.until < self.world.now and not self.held:
            self.status, self.balance = "expired", 0

    @precondition(lambda self: len(self.paid) > 2)
    @rule()
    def void(self) -> None:
        answer = self.world.store.run(
            lambda conn: spend.void(conn, self.gift.id, "test", now=self.world.now, by="alice")
        )
        assert (answer.reason == "") == (self.status == "void" or not self.held)
        if not answer.reason:
            self.status, self.balance = "void", 0

    @rule()
    def somebody_else_tries(self) -> None:
        asked = payment(self.gift, 1, f"{self.name}-{next(self.keys)}", proof=Proof("A" * 24))
        answer = self.world.store.run(
            lambda conn: spend.authorise(conn, self.world.store.vault, asked, now=self.world.now)
        )
        assert answer.is_generic
        self.world.now += timedelta(hours=2)  # five in a row would lock it; that has a test of its own
        self.time_passes_and_somebody_tidies(0)

    @invariant()
    def the_ledger_says_what_the_model_says(self) -> None:
        query = "SELECT balance, held, status FROM certificate WHERE id = :id"
        assert self.world.rows(query, id=self.gift.id) == [
            (self.balance, sum(amount for amount, _ in self.held.values()), self.status)
        ]
        is_balanced(self.world)


_names = itertools.count(100)


@contextmanager
def opened(url: str) -> Iterator[World]:
    world = World(url)
    yield world
    world.close()


@pytest.mark.parametrize("machine", [CodeMachine, CertificateMachine])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_any_order_of_events_agrees_with_the_model(
    kind: str, machine: type[RuleBasedStateMachine], request: pytest.FixtureRequest
) -> None:
    with TemporaryDirectory() as folder:
        if kind == "sqlite":
            url = f"sqlite:///{Path(folder) / 'machine.sqlite3'}"
            upgrade(url)
        else:
            server: PostgresServer = request.getfixturevalue("postgres_server")
            url = server.url(server.create_database())
            upgrade(url)
        with opened(url) as world:
            made = type(machine.__name__, (machine,), {"world": world})
            rules = settings(
                max_examples=6, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
            )
            run_state_machine_as_test(made, settings=rules)
