"""Let at most so many customers pass in a while."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, ClassVar, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import Field

from nodes.contract import Batch, NodeType, Result, Wait
from nodes.localtime import at_wall_time, to_local, zone_of

Period = Literal["minute", "hour", "day"]
_SECONDS = {"minute": 60, "hour": 3600}
_LOWER: dict[str, Any] = {period: period for period in get_args(Period)}


class Throttle(NodeType):
    """At most so many customers pass in each minute, hour or day; everyone else waits for their turn, in the order in
    which they came. A day is that of the journey's time zone.
    """

    key: ClassVar[str] = "flow.throttle"
    label: ClassVar[str] = "Throttle"
    icon: ClassVar[str] = "clock-pause"
    keywords: ClassVar[tuple[str, ...]] = ("limit", "speed", "slow", "rate")
    rank: ClassVar[int] = 60
    remembers: ClassVar[bool] = True

    count: int = Field(1000, ge=1, le=100_000_000, title="At most", json_schema_extra={"pair": "per", "joined": "per"})
    per: Period = Field("hour", title="In each", json_schema_extra={"labels": _LOWER})

    def step(self, batch: Batch) -> Result:
        """Give each newcomer the next free place, and let pass whose window has come while there is room in it.

        A place is (start of the window in seconds, number in it). The places keep the order; the count of those who
        really passed in this window keeps the limit, also after a pause, when many are late at once.
        """
        zone = zone_of(batch.zone)
        now = self._start(batch.now, zone)
        memory = batch.memory
        passed = int(memory.get("passed", 0)) if memory.get("window") == now else 0
        filling, taken = int(memory.get("filling", now)), int(memory.get("taken", 0))
        if filling < now:
            filling, taken = now, 0
        since, state = batch.column("since"), batch.column("state")
        places: dict[int, tuple[int, int]] = {
            id: (kept["window"], kept["place"])
            for id in batch.ids
            if (kept := state.get(id)) and kept.get("throttle") == batch.node
        }
        for id in sorted(batch.ids - places.keys(), key=lambda id: (since[id], id)):
            if taken >= self.count:
                filling, taken = self._after(filling, zone), 0
            places[id] = (filling, taken)
            taken += 1
        passing: list[int] = []
        waits: dict[int, Wait] = {}
        later, bounced = self._after(now, zone), 0
        for id in sorted(places, key=lambda id: (places[id], id)):
            start = places[id][0]
            if start <= now and passed < self.count:
                passing.append(id)
                passed += 1
                continue
            if start <= now:  # late, and no room: again in the next window, so many in each
                if bounced == self.count:
                    later, bounced = self._after(later, zone), 0
                start, bounced = later, bounced + 1
            waits[id] = Wait(max(datetime.fromtimestamp(start, UTC), since[id]))
        kept_places = {id: {"throttle": batch.node, "window": places[id][0], "place": places[id][1]} for id in waits}
        fresh = {"window": now, "passed": passed, "filling": filling, "taken": taken}
        return Result(moves={"next": passing}, waits=waits, state=kept_places, memory=fresh if batch.ids else None)

    def _start(self, at: datetime, zone: ZoneInfo) -> int:
        if self.per in _SECONDS:
            seconds = int(at.timestamp())
            return seconds - seconds % _SECONDS[self.per]
        return int(at_wall_time(to_local(at, zone).date(), time(), zone).timestamp())

    def _after(self, start: int, zone: ZoneInfo) -> int:
        if self.per in _SECONDS:
            return start + _SECONDS[self.per]
        day = to_local(datetime.fromtimestamp(start, UTC) + timedelta(hours=1), zone).date()
        return int(at_wall_time(day + timedelta(days=1), time(), zone).timestamp())

    def summary(self) -> str:
        return f"At most {self.count} {'an' if self.per == 'hour' else 'a'} {self.per}"
