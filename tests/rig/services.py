"""What a test does about a service that this machine lacks."""

import os
from typing import NoReturn

import pytest


def missing(what: str, remedy: str) -> NoReturn:
    """Skip with a loud reason on a laptop; fail in CI, where nothing may be left out."""
    reason = f"NO {what.upper()}: {remedy}"
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
