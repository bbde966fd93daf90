"""However time goes by, timers bring every customer back in time: membership is what the rule says now."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from engine.segments import refresh, save_segment
from rig.odd_people import populate
from rig.people import LONG_AGO, add, open_store
from rig.rules import MOMENTS, calendar_parts, figure_parts, plain_parts, trees
from store.db import Store
from store.segment_sql import member_ids
from store.segments import members_among
from wayfare.segments import parse_rule

HOPS = st.lists(
    st.one_of(st.integers(1, 86_400), st.integers(1, 40 * 86_400), st.integers(1, 400 * 86_400)), min_size=1, max_size=5
)


def test_members_are_who_the_rule_says_at_any_time(database_url: str) -> None:
    with open_store(database_url) as store:
        with store.write() as conn:
            ids = populate(conn)
            add(conn, "customer_list", key="nobody", name="Nobody", created_at=LONG_AGO)
        numbers = count()
        nobody = {"type": "not", "rule": {"type": "all"}}
        save_segment(store, "nobody", "Nobody", nobody, LONG_AGO)

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(raw=trees(st.one_of(calendar_parts, figure_parts, figure_parts, plain_parts)), now=MOMENTS, hops=HOPS)
        def follow(raw: dict[str, Any], now: datetime, hops: list[int]) -> None:
            rule = parse_rule(raw)
            segment = save_segment(store, f"asked-{next(numbers)}", "Asked", raw, now).id
            for hop in [0, *hops]:
                now += timedelta(seconds=hop)
                while refresh(store, now, "Asia/Tokyo"):
                    pass
                with store.read() as conn:
                    expected = member_ids(conn, rule, now, "Asia/Tokyo")
                    assert members_among(conn, [segment], ids)[segment] == expected
            forget(store, segment)

        follow()


def forget(store: Store, segment: int) -> None:
    with store.write() as conn:
        for table in ("segment_member", "segment_span"):
            conn.execute(text(f"DELETE FROM {table} WHERE segment_id = :id"), {"id": segment})
        conn.execute(text("DELETE FROM segment WHERE id = :id"), {"id": segment})
