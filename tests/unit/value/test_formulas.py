"""The worked examples come out to the cent; money in minor units."""

from fractions import Fraction

import pytest

from wayfare.value import formulas


def test_subscription() -> None:
    assert formulas.subscription(30_00, 24) == 720_00


def test_retail() -> None:
    assert formulas.retail(80_00, 4, 3) == 960_00


def test_margin_and_churn() -> None:
    assert formulas.margin_and_churn(15_00, "0.60", "0.04") == 225_00


def test_discounted() -> None:
    revenues = [200_00, 240_00, 300_00]
    parts = formulas.present_values(revenues, "0.5", "0.1")
    assert [round(float(part) / 100, 2) for part in parts] == [90.91, 99.17, 112.70]
    assert formulas.discounted(revenues, "0.5", "0.1", 100_00) == 202_78


def test_by_segment() -> None:
    assert formulas.by_segment([(1000_00, "0.8", "0.5"), (500_00, "0.2", "0.25")]) == 425_00


def test_service_can_eat_the_whole_revenue() -> None:
    """2,000 every two months is 12,000 a year; two hours a month at 500 cost 12,000."""
    served = formulas.cost_to_serve(2000_00, 6, 2, 500_00)
    assert (served.revenue, served.cost, served.profit) == (12_000_00, 12_000_00, 0)


@pytest.mark.parametrize(
    ("value", "cost", "key"),
    [
        (99, 100, "loses"),
        (100, 100, "risky"),
        (199, 100, "risky"),
        (200, 100, "fair"),
        (300, 100, "healthy"),
        (400, 100, "careful"),
        (900, 100, "careful"),
        (-5, 100, "loses"),
    ],
)
def test_bands(value: int, cost: int, key: str) -> None:
    found = formulas.ratio(value, cost)
    assert found is not None
    assert formulas.band(found).key == key


def test_without_a_cost_there_is_no_ratio() -> None:
    assert formulas.ratio(100, 0) is None


def test_norms_by_trade() -> None:
    assert formulas.NORMS["b2c_saas"][1] == Fraction("2.5")
    assert formulas.NORMS["industry"][1:] == (Fraction(3), Fraction(4))


def test_a_half_rounds_up_and_nothing_is_a_float() -> None:
    assert formulas.subscription(1, "0.5") == 1
    assert formulas.margin_and_churn(1, "0.1", "0.3") == 0


@pytest.mark.parametrize("churn", ["0", "-0.1"])
def test_no_churn_is_refused(churn: str) -> None:
    with pytest.raises(ValueError, match="churn above 0"):
        formulas.margin_and_churn(1500, "0.6", churn)
