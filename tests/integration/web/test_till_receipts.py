"""The page of till receipts: what disagrees is found, told in words, and settled by those who may."""

from typing import Any

import pytest

from offers.live import Live
from offers.till.receipt import Receipt
from offers.till.take import Shop, take
from rig.coupons import some_codes
from rig.offline import STORE, a_sale, a_snapshot
from rig.orders import cart, off, percent, rules, sold
from rig.web import Web
from rig.world import World


@pytest.fixture
def ids(web: Web) -> list[int]:
    """Three receipts: one over its limit, one whose code was used elsewhere, one that cannot be read."""
    world = World(web.store.url, now=web.at)
    world.store.dispose()
    world.store = web.store
    [code] = some_codes(world, key="gift", offline=True, length=16)
    rules(world, percent("tenth", "10", name="A tenth", usage={"total": 1}), off("present", 500, requires_code="GIFT"))
    given = a_snapshot(world)
    bought = cart(("soap", 10_000, 2), codes=(code,))
    sold(world, bought, "web-1")
    first = a_sale(world, given, cart(("oil", 5_000, 1)))
    found = []
    for receipt in (first, a_sale(world, given, bought, 2), Receipt("1", 3, {}, {"codes": ["SECRET"]})):
        found.append(handed_in(web, receipt))
    return found


def handed_in(web: Web, receipt: Receipt, store: str = STORE) -> int:
    shop = Shop(store, "till")
    return web.store.run(lambda conn: take(conn, Live(), web.store.vault, receipt, shop, web.at)).row.id


def test_an_empty_list_says_what_it_is_for(web: Web) -> None:
    assert "No receipts yet" in web.sign_in("support").get("/promotions/receipts").text


def test_what_disagrees_is_listed_filtered_and_told_in_words(web: Web, ids: list[int]) -> None:
    page = web.sign_in("approver")
    listed = page.get("/promotions/receipts").text
    assert all(f"/promotions/receipts/{id}" in listed for id in ids)
    assert "3 receipts" in listed
    used = page.get("/promotions/receipts?kind=code_used").text
    assert f"/promotions/receipts/{ids[1]}" in used
    assert f"/promotions/receipts/{ids[0]}" not in used
    for query in ("state=settled", "store=lviv-02", "q=99", "state=all&kind=clock_skew"):
        assert "No receipt found" in page.get(f"/promotions/receipts?{query}").text
    told = page.get(f"/promotions/receipts/{ids[0]}").text
    assert "The promotion “A tenth” may be used 1 times and is used 2 times with this receipt." in told
    assert "A tenth" in told
    assert "45.00 UAH" in told
    assert "Accept with this note" not in told, "an approver looks on"
    odd = page.get(f"/promotions/receipts/{ids[2]}").text
    assert "kept sealed" in odd
    assert "SECRET" not in odd
    assert page.get("/promotions/receipts/999").status_code == 404


def test_it_is_accepted_with_a_note(web: Web, ids: list[int]) -> None:
    page = web.sign_in("support")
    place = f"/promotions/receipts/{ids[0]}/accept"
    refused = page.post(place, {"note": " "})
    assert (refused.status_code, "Say why, for those who ask later." in refused.text) == (422, True)
    assert page.post(place, {"note": "Two tills <at once>"}).status_code == 303
    shown = page.get(f"/promotions/receipts/{ids[0]}").text
    assert "Two tills &lt;at once&gt;" in shown
    assert "nothing open on this receipt" in page.get(page.post(place, {"note": "x"}).headers["Location"]).text
    assert f"/promotions/receipts/{ids[0]}" in page.get("/promotions/receipts?state=settled").text
    assert web.sign_in("marketer").post(place, {"note": "x"}).status_code == 403
    assert web.sign_in("analyst").get("/promotions/receipts").status_code == 403


def test_the_other_use_is_taken_back(web: Web, ids: list[int]) -> None:
    page: Any = web.sign_in("admin")
    shown = page.get(f"/promotions/receipts/{ids[1]}").text
    assert "The other use is order" in shown
    assert "web-1" in shown
    [place] = {part.split('"')[0] for part in shown.split('action="')[1:] if "/void" in part.split('"')[0]}
    assert "Say why" in page.post(place, {"why": ""}).text
    assert page.post(place, {"why": "The order on the web was a mistake"}).status_code == 303
    shown = page.get(f"/promotions/receipts/{ids[1]}").text
    assert "The order on the web was a mistake" in shown
    assert "Take the other use back" not in shown
