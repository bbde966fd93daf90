"""Once everything is done, nothing more happens: a system left alone writes nothing, holds nothing and says nothing."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from engine.channels import channels
from engine.dates import fire_dates
from engine.drain import settle
from engine.sweep import sweep
from rig.gift import is_as_expected, publish
from rig.world import World
from store.tables import metadata


def _content(world: World) -> dict[str, list[tuple[Any, ...]]]:
    return {name: sorted(world.rows(f"SELECT * FROM {name}"), key=repr) for name in metadata.tables}


@pytest.mark.parametrize("hour", [0, 26])
def test_whoever_is_left_alone_changes_nothing(world: World, tmp_path: Path, hour: int) -> None:
    """Between the two legs of a journey, and after its end."""
    runtime = world.runtime
    runtime.channels = channels(data_dir=tmp_path)
    customers = publish(world, 30)
    world.happens(customers, "shop.visited")
    settle(runtime)
    world.now += timedelta(hours=hour)
    settle(runtime)
    sweep(runtime, now=world.now)  # folds the counters once
    before = _content(world)
    with capture_logs() as lines:
        for _ in range(3):
            assert settle(runtime) == 0
            assert fire_dates(runtime, now=world.now) == 0
            assert not any(sweep(runtime, now=world.now).values())
    assert [line for line in lines if line["log_level"] != "debug"] == []
    assert _content(world) == before
    assert world.scalar("SELECT count(*) FROM claim") == 0
    assert world.scalar("SELECT count(*) FROM message WHERE lease_token IS NOT NULL") == 0
    is_as_expected(world, customers, second_leg=hour > 0)
