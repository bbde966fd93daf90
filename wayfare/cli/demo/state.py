"""How far the demo's load has come, kept in the database: a killed one goes on, and a second one does nothing."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from store.db import Store
from store.workspace import read_setting, write_setting
from wayfare import clock
from wayfare.cli.demo.calendar import LIVE_DAYS

_NAME = "demo"
STAGES = ("people", "history", "match", "publish", "live", "value", "done")
"""The stages of a load in their order; the state names the one to do next."""


@dataclass(frozen=True, slots=True)
class State:
    """`now` is where the demo's calendar ends, `done` counts within the stage; one customer in `sample` is kept."""

    now: datetime
    sample: int = 1
    live_days: int = LIVE_DAYS
    stage: str = STAGES[0]
    done: int = 0

    @property
    def is_done(self) -> bool:
        """Whether everything is loaded."""
        return self.stage == "done"

    def is_past(self, stage: str) -> bool:
        """Say whether a stage is behind us."""
        return STAGES.index(self.stage) > STAGES.index(stage)


def read(store: Store) -> State | None:
    """Return how far the load came; None when it never began."""
    with store.read() as conn:
        value: dict[str, Any] | None = read_setting(conn, _NAME)
    return None if value is None else State(**{**value, "now": datetime.fromisoformat(value["now"])})


def note(store: Store, state: State, **changes: Any) -> State:
    """Keep a state with some changes; return it."""
    state = replace(state, **changes)
    value = {**asdict(state), "now": state.now.isoformat()}
    store.run(lambda conn: write_setting(conn, _NAME, value, now=clock.now()))
    return state
