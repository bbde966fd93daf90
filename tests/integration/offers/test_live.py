"""Carts under the live version: what codes unlock, what is left of limits, and which version a process knows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from offers.live import Left, Live, quote_cart
from offers.rules.author import Author
from offers.rules.book import import_body
from offers.rules.release import kill, publish
from offers.rules.shapes import Usage
from rig.prices import amount, line, percent, promo
from rig.statements import counted
from store.db import Store
from wayfare.errors import InputRefused
from wayfare.promotions import Cart
from wayfare.vault import Vault

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ALICE = Author("alice", "alice")
CART = {"currency": "UAH", "lines": [line("a", 100_000)]}


@dataclass(frozen=True)
class Opened:
    text: str
    unlock: str


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store(database_url, Vault(b"a secret for tests, long enough!"))
    yield opened
    opened.dispose()


def go_live(store: Store, *promotions: dict[str, Any], at: datetime = NOW) -> None:
    def work(conn: Any) -> None:
        import_body(conn, {"promotions": list(promotions)}, ALICE, at, replace=True)
        assert not publish(conn, ALICE, at).reasons

    store.run(work)


def priced(db: Store, live: Live, cart: Mapping[str, Any] = CART, at: datetime = NOW, **more: Any) -> dict[str, Any]:
    with db.read() as conn:
        return quote_cart(conn, live, cart, at, **more)


def test_a_process_that_knows_the_version_asks_one_question(store: Store) -> None:
    go_live(store, promo("p", percent(20)))
    live = Live()
    priced(store, live)
    with counted(store) as statements:
        assert priced(store, live)["payable"] == 80_000
    assert len([one for one in statements if "ruleset_version" in one]) == 1


def test_every_process_sees_a_kill_at_once(store: Store) -> None:
    go_live(store, promo("p", percent(20)))
    first, second = Live(), Live()
    assert priced(store, first)["payable"] == priced(store, second)["payable"] == 80_000
    store.run(lambda conn: kill(conn, ["p"], ALICE, NOW + timedelta(seconds=1), reason="wrong"))
    later = NOW + timedelta(seconds=1)
    assert [priced(store, live, at=later)["ruleset"] for live in (first, second)] == ["v2", "v2"]


def test_codes_open_what_they_unlock_and_answer_by_their_text(store: Store) -> None:
    go_live(store, promo("p", percent(20), requires_code="SPRING"))

    def resolve(texts: Sequence[str]) -> list[Opened]:
        return [Opened(text, {"AB12": "spring", "CD34": "OTHER"}.get(text, "")) for text in texts]

    cart = {**CART, "codes": ["AB12", "nonsense", "CD34", "SPRING"]}
    quote = priced(store, Live(), cart, resolve=resolve)
    assert quote["payable"] == 80_000
    assert quote["codes"] == [
        {"code": "AB12", "status": "applied"},
        {"code": "nonsense", "status": "refused"},
        {"code": "CD34", "status": "unknown"},
        {"code": "SPRING", "status": "refused"},
    ]
    assert priced(store, Live(), {**CART, "codes": ["SPRING"]}, resolve=resolve)["payable"] == 100_000


LEFT = [
    ("nothing used", Left(), 80_000, ""),
    ("a use is left", Left(uses=1), 80_000, ""),
    ("no use is left", Left(uses=0), 100_000, "limit"),
    ("enough to spend", Left(spend=20_000), 80_000, ""),
    ("too little to spend", Left(spend=19_999), 100_000, "budget"),
    ("nothing to spend", Left(spend=0), 100_000, "budget"),
    ("more than the cart is worth", Left(spend=100_000), 80_000, ""),
]


@pytest.mark.parametrize(("left", "payable", "reason"), [case[1:] for case in LEFT], ids=[case[0] for case in LEFT])
def test_what_is_left_decides(store: Store, left: Left, payable: int, reason: str) -> None:
    go_live(
        store,
        promo("p", percent(20), usage={"total": 5, "spend": 50_000}),
        promo("free", amount(100, "order"), "order"),
    )
    seen: list[Mapping[str, Usage]] = []

    def remaining(usage: Mapping[str, Usage], cart: Cart) -> dict[str, Left]:
        seen.append(usage)
        assert cart.store == "shop-1"
        return {"p": left}

    quote = priced(store, Live(), remaining=remaining, store="shop-1")
    assert quote["payable"] == payable - 100
    assert [set(usage) for usage in seen] == [{"p"}]
    assert [one["reason"] for one in quote["not_applied"]] == ([reason] if reason else [])


def test_what_is_left_is_given_in_part_where_the_promotion_says_so(store: Store) -> None:
    go_live(store, promo("p", amount(30_000, "order"), "order", usage={"spend": 50_000, "partial": True}))
    quote = priced(store, Live(), remaining=lambda usage, cart: {"p": Left(spend=12_345)})
    assert (quote["payable"], quote["left"]) == (100_000 - 12_345, {"p": {"uses": None, "spend": 12_345}})


def test_the_moment_and_the_shop_are_filled_in(store: Store) -> None:
    birthday = {"kind": "birthday"}
    go_live(store, promo("p", percent(20), conditions=[birthday]))
    at = datetime(2026, 11, 24, 23, tzinfo=UTC)
    cart = {**CART, "customer": {"birthday": "1990-11-25"}}
    assert priced(store, Live(), cart, at)["payable"] == 100_000
    quote = priced(store, Live(), cart, at, zone="Europe/Kyiv")
    assert (quote["payable"], quote["at"]) == (80_000, "2026-11-25T01:00:00+02:00")
    with pytest.raises(InputRefused) as refused:
        priced(store, Live(), {**CART, "store": "shop-2"}, store="shop-1")
    assert (refused.value.path, refused.value.code) == ("cart.store", "other_store")
