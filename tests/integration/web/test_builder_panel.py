"""The builder's panel: forms of steps and of the journey, saved as edits of the draft."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from nodes.contract import NodeType
from nodes.registry import Registry, builtin_types
from rig.formdata import sent
from rig.shop import graph
from rig.web import Browser, Web, a_web
from store import drafts


class Prize(BaseModel):
    """One prize of a wheel."""

    name: str = Field(title="Name", min_length=1)
    share: int = Field(1, title="Share", ge=1, le=100)


class WheelOfLuck(NodeType):
    """Spins a wheel. Whoever wins goes one way."""

    key = "acme.wheel"
    label = "Wheel of luck"

    prizes: list[Prize] = Field([], title="Prizes", max_length=5)
    budget: int = Field(0, ge=0, title="Budget", json_schema_extra={"widget": "money"})
    kind: Literal["small", "big"] = Field("small", title="Wheel")
    big_text: str = Field("", title="Words on the big wheel", json_schema_extra={"only": {"kind": "big"}})
    limits: dict[str, int] = Field(default_factory=dict, title="Limits")
    tags: list[str] = Field([], title="Tags")
    pause: str | None = Field(None, title="Pause", json_schema_extra={"advanced": True})


JOURNEY = graph(
    {
        "start": {"type": "trigger.event", "event": "purchase"},
        "wait": {"type": "flow.wait", "amount": 3, "unit": "days"},
        "wheel": {"type": "acme.wheel", "prizes": [{"name": "Cup", "share": 5, "colour": "red"}], "unknown": [1]},
        "split": {"type": "flow.split_rule", "branches": []},
        "fresh": {"type": "flow.split_rule"},
        "lost": {"type": "gone.type", "x": "<script>window.__xss=1</script>"},
    },
    [("start", "next", "wait")],
)


@pytest.fixture
def web(sqlite_url: str) -> Any:
    class Runtime:
        registry = Registry([*builtin_types(), WheelOfLuck])
        default_zone = "Europe/Kyiv"

        def ring(self, shard: str) -> None:
            pass

    made = a_web(sqlite_url, runtime=Runtime())
    made.store.run(lambda conn: drafts.save_draft(conn, "j", JOURNEY, now=made.at, name="Birthday"))
    yield made
    made.store.dispose()


@pytest.fixture
def alice(web: Web) -> Browser:
    return web.sign_in("marketer")


def _settings(web: Web, node: str) -> dict[str, Any]:
    with web.store.read() as conn:
        nodes = drafts.draft_of(conn, "j")["nodes"]
    return next(dict(one["settings"]) for one in nodes if one["id"] == node)


def _document(web: Web) -> dict[str, Any]:
    with web.store.read() as conn:
        return drafts.draft_of(conn, "j")


def _save(browser: Browser, node: str, base: int = 1, do: str = "", **changes: Any) -> Any:
    form: dict[str, Any] = dict(sent(browser.get(f"/journeys/j/draft/nodes/{node}/panel").text))
    form |= {name.replace("__", "."): value for name, value in changes.items()}
    more = {"_base": str(base), "_client": "tab1", "_do": do}
    return browser.post(f"/journeys/j/draft/nodes/{node}/settings", {**form, **more})


def test_a_changed_field_is_one_edit_of_the_draft(web: Web, alice: Browser) -> None:
    answer = _save(alice, "wait", amount="5")
    assert answer.status_code == 200
    assert answer.json["rev"] == 2
    assert answer.json["applied"][0]["settings"] == {"amount": 5, "unit": "days"}
    assert 'value="5"' in answer.json["panel"]
    assert _settings(web, "wait") == {"amount": 5, "unit": "days"}


def test_a_form_that_nobody_changed_makes_no_edit(web: Web, alice: Browser) -> None:
    answer = _save(alice, "wheel")
    assert (answer.status_code, answer.json["rev"]) == (200, 1)
    assert _settings(web, "wheel")["unknown"] == [1]


def test_what_is_wrong_is_kept_and_painted_in_plain_words(web: Web, alice: Browser) -> None:
    answer = _save(alice, "wait", amount="soon")
    assert answer.status_code == 200
    assert _settings(web, "wait")["amount"] == "soon"
    assert "Write a whole number" in answer.json["panel"]
    assert 'aria-invalid="true"' in answer.json["panel"]
    assert 'value="soon"' in answer.json["panel"]


def test_whoever_is_slower_keeps_the_typed_text(web: Web, alice: Browser) -> None:
    assert _save(alice, "wait", amount="4").status_code == 200
    answer = _save(web.sign_in("admin"), "wait", base=1, amount="9")
    assert answer.status_code == 409
    assert 'value="9"' in answer.json["panel"]
    assert "What you typed is still here" in answer.json["panel"]
    assert _settings(web, "wait")["amount"] == 4


def test_rows_are_added_moved_and_removed_and_unknown_settings_stay(web: Web, alice: Browser) -> None:
    added = _save(alice, "wheel", do="add:prizes").json
    assert _settings(web, "wheel")["prizes"] == [{"name": "Cup", "share": 5, "colour": "red"}, {"name": ""}]
    assert "Fill this in" in added["panel"] or "Write at least 1" in added["panel"]
    _save(alice, "wheel", base=2, do="up:prizes:1", prizes__1__name="Mug")
    assert [one["name"] for one in _settings(web, "wheel")["prizes"]] == ["Mug", "Cup"]
    assert _settings(web, "wheel")["prizes"][1]["colour"] == "red"
    _save(alice, "wheel", base=3, do="remove:prizes:0")
    assert [one["name"] for one in _settings(web, "wheel")["prizes"]] == ["Cup"]


def test_an_integrators_fields_are_read_as_their_types_say(web: Web, alice: Browser) -> None:
    _save(alice, "wheel", budget="1 234,50", tags="a\r\nb", kind="big")
    assert _settings(web, "wheel")["budget"] == 123450
    assert _settings(web, "wheel")["tags"] == ["a", "b"]
    assert "Words on the big wheel" in alice.get("/journeys/j/draft/nodes/wheel/panel").text
    _save(alice, "wheel", base=2, do="add:limits")
    _save(alice, "wheel", base=3, limits__0__name="day", limits__0__kind="number", limits__0__value="7")
    assert _settings(web, "wheel")["limits"] == {"day": 7}


def test_a_new_split_has_one_branch_to_fill_in_and_is_not_wrong_yet(web: Web, alice: Browser) -> None:
    panel = alice.get("/journeys/j/draft/nodes/fresh/panel").text
    assert 'name="branches.0.port"' in panel
    assert "aria-invalid" not in panel
    _save(alice, "fresh")
    assert _settings(web, "fresh") == {}
    _save(alice, "fresh", branches__0__port="VIP")
    assert [one["port"] for one in _settings(web, "fresh")["branches"]] == ["VIP"]


def test_ticked_segments_become_branches_of_their_names(web: Web, alice: Browser) -> None:
    for key, name in (("vip", "VIP (gold)"), ("new", "New ones"), ("vip2", "VIP gold")):
        made = {"name": name, "key": key, "_path": "rule", "rule": "1", "rule.is": "part", "rule.op": "set"}
        assert alice.post("/segments/new", {**made, "rule.about": "fact:birthday"}).status_code == 303
    _save(alice, "fresh", _segments="vip new vip2 nobody")
    branches = _settings(web, "fresh")["branches"]
    assert [one["port"] for one in branches] == ["VIP gold", "New ones", "VIP gold 2"]
    assert branches[0]["when"]["rules"] == [{"type": "segment", "key": "vip"}]
    panel = alice.get("/journeys/j/draft/nodes/fresh/panel").text
    assert "VIP (gold)" in panel, "a segment is shown by its name"


def test_a_rule_grows_by_clicks_inside_of_a_branch(web: Web, alice: Browser) -> None:
    _save(alice, "split", do="add:branches")
    assert _settings(web, "split")["branches"][0]["when"]["rules"][0]["fact"] == ""
    _save(alice, "split", base=2, branches__0__port="VIP", branches__0__when__0__about="segment")
    _save(alice, "split", base=3, do="rule-group:branches.0.when:")
    when = _settings(web, "split")["branches"][0]["when"]
    assert when["rules"][0] == {"type": "segment", "key": ""}
    assert when["rules"][1]["type"] == "any"
    panel = alice.get("/journeys/j/draft/nodes/split/panel").text
    assert "Choose one" in panel
    assert "Choose what to ask about" in panel


def test_a_type_that_is_not_installed_shows_what_it_holds_and_runs_nothing(alice: Browser) -> None:
    panel = alice.get("/journeys/j/draft/nodes/lost/panel").text
    assert "gone.type" in panel
    assert "<script>" not in panel
    assert alice.get("/journeys/j/draft/nodes/nobody/panel").status_code == 404


def test_readers_see_the_form_and_cannot_save_it(web: Web) -> None:
    bob = web.sign_in("analyst")
    assert "disabled" in bob.get("/journeys/j/draft/nodes/wait/panel").text
    assert "data-rule-count" not in bob.get("/journeys/j/draft/nodes/split/panel").text
    assert _save(bob, "wait", amount="5").status_code == 403


def _journey(browser: Browser, base: int = 1, do: str = "", **changes: str) -> Any:
    form: dict[str, Any] = dict(sent(browser.get("/journeys/j/draft/panel").text))
    form |= {name.replace("__", "."): value for name, value in changes.items()}
    return browser.post("/journeys/j/draft/settings", {**form, "_base": str(base), "_client": "tab1", "_do": do})


def test_the_journeys_own_settings_are_saved(web: Web, alice: Browser) -> None:
    assert _journey(alice).json["rev"] == 1
    _journey(alice, do="add:goals")
    assert _document(web)["goals"] == [{"event": "purchase", "where": None, "name": ""}]
    answer = _journey(
        alice, base=2, reentry="after", holdout_percent="5", opens="2027-01-01T10:00", time_zone="Europe/Kyiv"
    )
    assert answer.status_code == 200
    document = _document(web)
    assert (document["entry"]["reentry"], document["entry"]["holdout_percent"]) == ("after", "5")
    assert document["window"]["from"] == "2027-01-01T10:00:00+02:00"
    assert "Days until a customer may enter again" in answer.json["panel"]


def test_a_journey_setting_that_no_draft_can_hold_stays_in_the_form(web: Web, alice: Browser) -> None:
    answer = _journey(alice, holdout_percent="lots", limit_per_day="50")
    assert answer.status_code == 200
    assert 'value="lots"' in answer.json["panel"]
    assert "Write a number" in answer.json["panel"]
    assert _document(web)["entry"]["limit_per_day"] == 50


def test_a_journey_is_renamed_unless_the_name_is_taken(web: Web, alice: Browser) -> None:
    web.store.run(lambda conn: drafts.save_draft(conn, "k", JOURNEY, now=web.at, name="Welcome"))
    assert "already called" in _journey(alice, name="Welcome").json["panel"]
    assert "notice warn" not in _journey(alice, name="Birthday 2027", description="Gifts").json["panel"]
    panel = alice.get("/journeys/j/draft/panel").text
    assert "Birthday 2027" in panel
    assert "Gifts" in panel
