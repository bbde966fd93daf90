"""The pages RFM and Value, and the API's summary."""

from datetime import timedelta

import pytest

from engine.segments import refresh
from engine.value import advance
from rig.value import Shop, cdnow
from rig.web import Web
from store.value_rfm import mapping


@pytest.fixture
def shop(web: Web) -> Shop:
    """A shop in the database of `web`, with some customers of the log."""
    shop = Shop(web.store.url)
    shop.now = web.at
    last = max(day for _, day, _ in cdnow())
    shift = web.at.date() - last
    shop.bought([(customer, day + shift, total) for customer, day, total in cdnow() if customer % 40 == 0])
    return shop


def compute(web: Web) -> None:
    while advance(web.store, web.at):
        pass


def test_an_empty_page_asks_for_a_computation_and_the_button_makes_one(web: Web, shop: Shop) -> None:
    alice = web.sign_in("marketer")
    assert "Nothing computed yet" in alice.get("/rfm").text
    assert alice.post("/rfm/compute").status_code == 303
    page = alice.get("/rfm").text
    assert "reading all customers" in page
    assert 'data-live="/rfm/progress"' in page
    assert "HX-Refresh" not in alice.fragment("/rfm/progress").headers
    compute(web)
    assert alice.fragment("/rfm/progress").headers["HX-Refresh"] == "true"
    page = alice.get("/rfm").text
    assert "589 customers" in page
    assert page.count("data-cell=") == 125
    assert "Champions" in page
    for by in ("spent", "groups"):
        assert alice.get(f"/rfm?by={by}&months=12").status_code == 200


def test_a_button_makes_a_segment_of_each_group(web: Web, shop: Shop) -> None:
    shop.compute()
    alice = web.sign_in("marketer")
    assert alice.post("/rfm/segments").status_code == 303
    while refresh(web.store, web.at):
        pass
    sizes = dict(shop.rows("SELECT key, size FROM segment"))
    groups = dict(shop.rows("SELECT rfm_group, count(*) FROM customer_value GROUP BY rfm_group"))
    assert len(sizes) == 11
    assert sizes["rfm-champions"] == groups["champions"]
    assert sum(sizes.values()) == 589
    assert "Make segments of the groups" not in alice.get("/rfm").text


def test_cells_are_given_to_a_group_with_a_preview_and_back(web: Web, shop: Shop) -> None:
    shop.compute()
    alice = web.sign_in("marketer")
    ((cell, group, n),) = shop.rows(
        """SELECT recency || '-' || frequency || '-' || monetary, rfm_group, count(*) FROM customer_value
        GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT 1"""
    )
    assert group != "cannot_lose"
    told = alice.fragment(f"/rfm/mapping/preview?cell={cell}&group=cannot_lose").text
    assert f"{n} customers" in told
    assert alice.post("/rfm/mapping", {"cell": cell, "group": "cannot_lose"}).status_code == 303
    compute(web)
    now = dict(shop.rows("SELECT rfm_group, count(*) FROM customer_value GROUP BY rfm_group"))
    assert now["cannot_lose"] >= n
    assert alice.post("/rfm/mapping/reset").status_code == 303
    with web.store.read() as conn:
        assert mapping(conn) == {}
    compute(web)
    back = dict(shop.rows("SELECT rfm_group, count(*) FROM customer_value GROUP BY rfm_group"))
    assert back[group] >= n
    # nonsense is refused, and changes nothing
    alice.post("/rfm/mapping", {"cell": "9-9-9", "group": "cannot_lose"})
    alice.post("/rfm/mapping", {"cell": cell, "group": "nobody"})
    with web.store.read() as conn:
        assert mapping(conn) == {}


def test_the_calculator_shows_the_known_examples_to_the_cent_and_says_what_is_wrong(web: Web) -> None:
    alice = web.sign_in("analyst")
    page = alice.get("/value/calculator").text
    for result in (
        "= 720.00",
        "= 960.00",
        "= 225.00",
        "= 202.78",
        "90.91 + 99.17 + 112.70 − 100.00",
        "No profit is made",
    ):
        assert result in page, result
    assert "= 1\u202f080.00" in alice.fragment("/value/calculator?subscription.arpu=45").text
    assert "is no number" in alice.fragment("/value/calculator?retail.order=many").text
    assert "without churn" in alice.fragment("/value/calculator?margin.churn=0").text
    assert alice.fragment("/value/calculator?npv.rate=-100").status_code == 200


def test_terms_are_kept_and_values_follow(web: Web, shop: Shop) -> None:
    alice = web.sign_in("marketer")
    assert "Nothing computed yet" in alice.get("/value").text
    form = {
        "margin": "100",
        "rate": "0",
        "horizon_years": "1",
        "currency": "USD",
        "trade": "industry",
        "source_attribute": "source",
        "acquisition_otherwise": "5",
        "order_cost": "0",
        "hour_cost": "0",
        "minutes_field": "minutes",
        "rfm_every": "daily",
        "value_every": "quarterly",
        "hours_attribute": "",
        "service_event": "",
        "source": "friend",
        "source_cost": "1.50",
        "channel": "email",
        "channel_cost": "0.002",
    }
    refused = alice.post("/value/terms", form | {"margin": "140", "order_cost": "much"})
    assert refused.status_code == 422
    assert "Not kept yet" in refused.text
    assert alice.post("/value/terms", form).status_code == 303
    page = alice.get("/value/terms").text
    assert 'value="100"' in page
    assert 'value="1.50"' in page
    assert 'value="0.002"' in page
    alice.post("/value/compute")
    compute(web)
    ((so_far, worth),) = shop.rows("SELECT sum(spent), sum(lifetime) FROM customer_value")
    assert worth > so_far
    overview = alice.get("/value").text
    assert "LTV : CAC" in overview
    for by in ("source", "cohort", "group", "segment"):
        assert alice.get(f"/value?by={by}").status_code == 200
    assert "happened" in alice.get("/value/forecast").text
    assert "bring" in alice.get("/value/serve").text
    key = web.key("integration", "value.read")
    summary = web.client.get("/api/v1/value/summary", headers=key).json
    assert summary is not None
    assert summary["total"]["customers"] == 589
    assert summary["total"]["acquisition_cost"] == 500
    assert sum(one["customers"] for one in summary["groups"]) == 589
    assert summary["forecast"]["customers"] == 589


def test_with_too_few_who_came_back_there_is_no_forecast_and_the_page_says_so(web: Web) -> None:
    shop = Shop(web.store.url)
    shop.now = web.at
    shop.bought([(id, web.at.date() - timedelta(days=id), 1000) for id in range(1, 50)])
    shop.compute("value")
    shop.close()
    page = web.sign_in("analyst").get("/value/forecast").text
    assert "0 customers came back so far; a forecast needs 100" in page
