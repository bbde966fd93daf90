"""What forms offer, and segments that go, on both databases."""

from collections.abc import Iterator

import pytest

from rig.people import LONG_AGO, a_customer, add, open_store
from store import segment_uses, segments
from store.db import Store
from store.views import known


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with open_store(database_url) as store:
        yield store


def test_attributes_and_events_are_known_by_the_newest_rows(store: Store) -> None:
    with store.write() as conn:
        for number in range(3):
            id = a_customer(conn, f"c{number}", {"points": number % 2, "tags": ["x"]}, city="Київ", level=None)
            for type, data in (("visit", {"page": "home", "deep": {"a": 1}}), ("purchase", {"store": "web"})):
                row = {
                    "source": "shop",
                    "key": f"{type}{number}",
                    "type": type,
                    "at": LONG_AGO,
                    "received_at": LONG_AGO,
                }
                add(conn, "event", customer_id=id, data=data, body_hash=b"x", **row)
        add(conn, "product", sku="A-1", name="Парфуми Élan", brand="Élan", categories=["x", "y"], updated_at=LONG_AGO)
    with store.read() as conn:
        assert known.attributes(conn)["points"] == {0: 2, 1: 1}
        assert known.attributes(conn)["tags"] == {}
        assert known.profile_values(conn, "city") == {"Київ": 3}
        assert known.profile_values(conn, "phone") == {}
        assert known.event_types(conn) == {"visit": 3, "purchase": 3}
        assert set(known.event_data(conn, "visit")) == {"page", "deep"}
        assert known.event_data(conn, "purchase") == {"store": {"web": 3}}
        assert known.products(conn, "парфуми a-1", 5, 0) == [("A-1", "Парфуми Élan")]
        assert known.products(conn, "100%", 5, 0) == []
        assert (known.brands(conn), known.categories(conn)) == (["Élan"], ["x", "y"])
        assert known.customer_count(conn) == 3
        assert [one.key for one in known.people(conn, [3, 1])] == ["c2", "c0"]


def test_a_segment_goes_with_its_members_and_their_history(store: Store) -> None:
    with store.write() as conn:
        person = a_customer(conn, "c1")
        for key in ("old", "kept"):
            segments.insert_segment(conn, key, key.title(), "", {"type": "all", "rules": []}, LONG_AGO)
            segment = segments.find_segment(conn, key)
            assert segment
            change = segments.Change(segment.id, person, LONG_AGO, entered=True)
            segments.write_changes(conn, [change], {segment.id: key}, silent=(), now=LONG_AGO)
    with store.write() as conn:
        gone = segments.find_segment(conn, "old")
        assert gone
        segment_uses.delete_segment(conn, gone.id)
    with store.read() as conn:
        assert [one.key for one in segments.all_segments(conn)] == ["kept"]
        for name in ("segment_member", "segment_span"):
            assert conn.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() == 1
        assert conn.exec_driver_sql("SELECT count(*) FROM event").scalar_one() == 2


def test_graphs_that_name_a_segment_are_found_in_drafts_and_in_running_versions(store: Store) -> None:
    naming, other = ({"nodes": [{"id": "a", "settings": {"segment": key}}]} for key in ("vip", "vi"))
    row = {"description": "", "pause_epoch": 0, "rev": 1, "created_at": LONG_AGO, "updated_at": LONG_AGO}
    with store.write() as conn:
        live = add(conn, "journey", key="live", name="Live", status="live", draft=other, **row)
        add(conn, "journey", key="away", name="Away", status="archived", draft=naming, **row)
        add(conn, "journey", key="draft", name="Draft", status="draft", draft=naming, **row)
        published = {"published_at": LONG_AGO, "published_by": "alice", "note": "", "node_order": ["a"]}
        add(conn, "journey_version", journey_id=live, number=1, graph=naming, **published)
    with store.read() as conn:
        assert {one[0] for one in segment_uses.graphs_naming(conn, "vip")} == {"live", "draft"}
