"""Whatever a browser posts, the form of a promotion answers: with a document, or with what is wrong in words."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from offers.rules.shapes import read_item
from web.promotion_forms.draft import Draft, document_of, layers_for, nodes, places, settle, tree_of, unseen
from web.promotion_forms.draw import Pen
from web.promotion_forms.specs import CONDITIONS, EFFECTS
from web.promotion_forms.tree import change, read

_STEPS = st.sampled_from(
    [
        *("effect", "kind", "value", "target", "steps", "reward", "parts", "buy", "get", "scope", "include", "brands"),
        *(
            "conditions",
            "of",
            "0",
            "1",
            "2",
            "when",
            "from",
            "until",
            "day",
            "time",
            "limits",
            "usage",
            "spend",
            "place",
        ),
        *(
            "days",
            "zone",
            "attributes",
            "choices",
            "never_with",
            "name",
            "at",
            "size",
            "units",
            "first",
            "base",
            "values",
        ),
    ]
)
_PATHS = st.lists(_STEPS, min_size=1, max_size=6).map(".".join)
_TEXTS = st.sampled_from(
    [
        *EFFECTS,
        *CONDITIONS,
        "",
        "0",
        "1",
        "-1",
        "12,5 %",
        "1e9",
        "99.50",
        "2026-11-24",
        "9999-12-31",
        "25:99",
        "a\nb",
        "∞",
    ]
)
POSTED = st.dictionaries(_PATHS, st.lists(_TEXTS, min_size=1, max_size=3), max_size=14)
CLICKS = st.builds(
    "{}:{}:{}".format, st.sampled_from(["add", "put", "clear", "drop", "up", "down", "remove", "x"]), _PATHS, _TEXTS
)


@settings(max_examples=300, deadline=None)
@given(POSTED, st.lists(CLICKS, max_size=4))
def test_nothing_that_is_posted_breaks_the_form(posted: dict[str, list[str]], clicks: list[str]) -> None:
    draft = Draft(read(posted), "Europe/Kyiv")
    for click in clicks:
        change(draft.tree, click, draft.zone)
    settle(draft, [{"key": "sale", "layer": "item"}])
    is_good = draft.check("a-promotion")
    pen = Pen(draft.faults, lambda kind, value: value, "UAH")
    assert nodes(draft, pen)["effect"].path == "effect"
    assert places(draft.tree, [])
    assert layers_for(draft.tree)
    assert is_good or draft.faults
    assert all(isinstance(words, str) for words in unseen(draft.faults, pen.used))
    if is_good:
        kept = read_item("promotion", "a-promotion", draft.document)
        again = document_of(tree_of(kept, "Europe/Kyiv"), "Europe/Kyiv")
        assert _days_in_order(read_item("promotion", "a-promotion", again)) == _days_in_order(kept)


def _days_in_order(value: Any) -> Any:
    """Return a document whose lists of ticked days stand in order: the form has no other."""
    if isinstance(value, dict):
        return {
            key: sorted(set(one)) if key == "days" and isinstance(one, list) else _days_in_order(one)
            for key, one in value.items()
        }
    return [_days_in_order(one) for one in value] if isinstance(value, list) else value
