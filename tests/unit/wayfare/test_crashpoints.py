"""Crash points do nothing unless asked, and refuse to be asked nonsense."""

import pytest

from wayfare import crashpoints
from wayfare.errors import SettingsError


def test_a_point_that_nobody_asked_for_does_nothing() -> None:
    crashpoints.arm("")
    crashpoints.point("send.claimed")
    crashpoints.arm("send.begun:1:raise")
    crashpoints.point("send.claimed")
    crashpoints.arm("")


def test_the_passage_that_was_named_fails_and_no_other() -> None:
    crashpoints.arm("send.claimed:2:raise")
    crashpoints.point("send.claimed")
    with pytest.raises(crashpoints.Crashed):
        crashpoints.point("send.claimed")
    crashpoints.point("send.claimed")
    crashpoints.arm("")


@pytest.mark.parametrize("text", ["nowhere", "send.claimed:x", "send.claimed:1:explode"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        crashpoints.arm(text)
