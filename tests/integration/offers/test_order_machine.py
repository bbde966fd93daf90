"""Whatever happens to orders in whatever order: a model with plain numbers says the same."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from offers.redemption import settle
from offers.redemption.reserve import Refused
from rig.orders import back, cart, money_is_right, off, quoted, released, reserved, rules, taken
from rig.world import World
from store.migrate import upgrade
from store.redemptions import Row
from wayfare.errors import InputRefused

PRICE, OFF, LIMIT, BUDGET = 1_000, 300, 3, 700
"""An order of n pieces: `total` gives 300 three times, `spend` gives 200 while 700 are there."""


class OrderMachine(RuleBasedStateMachine):
    """Orders of one to three pieces under two limited promotions, against their sums."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        tables = ("usage_entry", "redemption_return", "redemption", "usage_counter")
        self.world.store.run(lambda conn: [conn.execute(text(f"DELETE FROM {name}")) for name in tables])
        self.rows: dict[int, Row] = {}
        self.status: dict[int, str] = {}
        self.pieces: dict[int, int] = {}
        self.given: dict[int, tuple[bool, bool]] = {}

    def left(self) -> tuple[int, int]:
        """Return uses and money that the model has left."""
        kept = [id for id, status in self.status.items() if status in ("reserved", "confirmed")]
        uses = LIMIT - sum(self.given[id][0] for id in kept)
        return uses, BUDGET - sum(200 * self.given[id][1] for id in kept)

    @rule(pieces=st.integers(1, 3))
    def reserve(self, pieces: int) -> None:
        uses, money = self.left()
        given = (uses > 0, money >= 200)
        bought = cart(("soap", PRICE, pieces))
        expected = PRICE * pieces - OFF * given[0] - 200 * given[1]
        assert quoted(self.world, bought)["payable"] == expected
        row = reserved(self.world, bought, f"o{len(self.rows)}", payable=expected)
        assert reserved(self.world, bought, row.order_key).id == row.id
        self.rows[row.id], self.status[row.id] = row, "reserved"
        self.pieces[row.id], self.given[row.id] = pieces, given

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(sorted(self.rows)))
        if self.status[id] == "closed":
            with pytest.raises(Refused):
                self.world.store.run(lambda conn: settle.confirm(conn, id, self.world.now))
            return
        self.world.store.run(lambda conn: settle.confirm(conn, id, self.world.now))
        if self.status[id] == "reserved":
            self.status[id] = "confirmed"

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(sorted(self.rows)))
        if self.status[id] in ("confirmed", "returned"):
            with pytest.raises(Refused):
                released(self.world, self.rows[id])
            return
        released(self.world, self.rows[id])
        self.status[id] = "closed"

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def return_all(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(sorted(self.rows)))
        if self.status[id] != "confirmed":
            with pytest.raises((Refused, InputRefused)):
                back(self.world, self.rows[id], "again")
            return
        refunds = [back(self.world, self.rows[id], f"r{n}", lines={"soap": 1}) for n in range(self.pieces[id])]
        assert sum(one["refund"] for one in refunds) == self.rows[id].payable
        self.status[id] = "returned"

    @rule(minutes=st.sampled_from([1, 9, 16]))
    def time_passes(self, minutes: int) -> None:
        self.world.now += timedelta(minutes=minutes)
        self.world.store.run(lambda conn: settle.expire(conn, self.world.now))
        for id, status in self.status.items():
            if status == "reserved" and self.rows[id].expires_at <= self.world.now:
                self.status[id] = "closed"

    @invariant()
    def counters_say_what_the_model_says(self) -> None:
        uses, money = self.left()
        assert taken(self.world, "p:total:total", "p:budget:spend") == [LIMIT - uses, BUDGET - money]
        assert money_is_right(self.world)


def test_orders_and_their_limits(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'orders.sqlite3'}"
    upgrade(url)
    world = World(url)
    try:
        group = {"key": "both", "layer": "order", "policy": "all"}
        total = off("total", OFF, usage={"total": LIMIT}, priority=2)
        budget = off("budget", 200, usage={"spend": BUDGET}, priority=1)
        both = [
            {**{key: value for key, value in one.items() if key != "layer"}, "group": "both"} for one in (total, budget)
        ]
        rules(world, *both, groups=(group,))
        machine = type("Machine", (OrderMachine,), {"world": world})
        quick = settings(
            max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        )
        run_state_machine_as_test(machine, settings=quick)
    finally:
        world.close()
