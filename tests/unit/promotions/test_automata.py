"""The walk drops a state as soon as the units to come cannot complete it, and not before."""

from typing import Any

import pytest

from rig.prices import line, percent, promo, request, sets
from wayfare.promotions import parse_request
from wayfare.promotions.automata import GET, PAY, PAY_ELSEWHERE, Automaton
from wayfare.promotions.rules import Compiled
from wayfare.promotions.table import lay


def automaton(effect: dict[str, Any]) -> Automaton:
    """Return the states of a multi-buy."""
    asked = parse_request(request([line("a", 100, 9)], promo("m", effect)))
    return Automaton(lay(Compiled(asked.ruleset), asked.cart).offers[0], 0, None)


def after(auto: Automaton, roles: list[int]) -> int:
    """Return the state after units in these roles."""
    number = 0
    for role in roles:
        added = auto.step(number, role)
        assert added is not None
        number += added
    return number


@pytest.mark.parametrize(
    ("roles", "gets", "pays", "is_lost"),
    [
        ([], 0, 0, False),
        ([PAY], 2, 2, False),
        ([PAY], 1, 2, True),  # begun, and only one of its two rewards to come
        ([PAY], 2, 1, True),
        ([PAY, PAY, PAY], 2, 0, False),
        ([PAY, PAY, PAY], 1, 0, True),
        ([PAY, PAY, PAY, PAY], 4, 2, False),
        ([PAY, PAY, PAY, PAY], 3, 2, True),  # two rewards owed, two more of what is begun
        ([PAY, PAY, PAY, GET], 1, 0, False),
    ],
)
def test_a_set_that_nobody_can_complete_is_lost(roles: list[int], gets: int, pays: int, is_lost: bool) -> None:
    auto = automaton(sets(5, 2))
    assert auto.is_lost(after(auto, roles), gets, pays) is is_lost


@pytest.mark.parametrize(
    ("roles", "gets", "pays", "is_lost"),
    [
        ([], 0, 0, False),
        ([PAY], 3, 1, False),
        ([PAY], 2, 1, True),  # what was bought once asks for three rewards
        ([PAY, PAY, PAY], 6, 1, False),
        ([PAY, PAY, PAY], 5, 1, True),
        ([PAY, PAY, GET], 2, 0, False),
        ([PAY, PAY, GET], 1, 0, True),
        ([GET], 2, 2, False),  # units of one price may be rewarded before they are paid for
        ([GET], 2, 1, True),
        ([PAY_ELSEWHERE, PAY], 3, 0, False),
    ],
)
def test_what_was_bought_and_cannot_be_rewarded_is_lost(roles: list[int], gets: int, pays: int, is_lost: bool) -> None:
    """Buy two, get three."""
    get = {"quantity": 3, "effect": percent(100)}
    auto = automaton({"kind": "buy_get", "buy": {"quantity": 2}, "get": get})
    assert auto.is_lost(after(auto, roles), gets, pays) is is_lost
