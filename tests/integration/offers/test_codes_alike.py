"""A refusal costs the same work whatever its reason is, so that its time tells nothing."""

from datetime import timedelta
from typing import Any

import pytest

from offers.codes import resolve as resolving
from rig.coupons import a_batch, code_id, look, made, some_codes
from rig.statements import counted
from rig.world import World
from store import codes

PHONE = "+380671234567"


def test_with_a_pin_every_refusal_does_the_same_in_the_same_order(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests: list[Any] = []

    def digest(*given: Any) -> bytes:
        digests.append(given)
        return bytes(32)

    monkeypatch.setattr(resolving, "pin_digest", digest)
    texts: dict[str, str] = {"not_found": some_codes(world, key="lost")[0]}
    a_batch(world, with_pin=True)
    for reason in ("pin_wrong", "locked", "void", "used"):
        texts[reason] = made(world)[0][0]
    texts["expired"] = some_codes(world, key="old", with_pin=True, valid_until=world.now - timedelta(days=1))[0]
    texts["not_activated"] = some_codes(world, key="later", with_pin=True, activation="by_staff")[0]
    void, used = code_id(world, texts["void"]), code_id(world, texts["used"])
    world.store.run(lambda conn: codes.void(conn, [void]))
    world.store.run(lambda conn: codes.reserve(conn, [used], world.now))
    world.store.run(lambda conn: codes.redeem(conn, [used], world.now))
    for _ in range(5):
        look(world, texts["locked"], pins={texts["locked"]: "x"})
    work: dict[str, Any] = {}
    _forget(world, texts["not_found"])
    for reason, text in texts.items():
        digests.clear()
        with counted(world.store) as seen:
            (answer,) = look(world, text, phone=PHONE, pins={text: "x"})
        assert (answer.reason, answer.status) == (reason, "refused")
        work[reason] = ([one.split()[0] for one in seen], len(digests))
    assert len({str(one) for one in work.values()}) == 1, work


def _forget(world: World, text: str) -> None:
    """Let a well-formed code be one that there is not."""
    from sqlalchemy import text as sql

    world.store.run(lambda conn: conn.execute(sql("DELETE FROM code WHERE last4 = :last4"), {"last4": text[-4:]}))
