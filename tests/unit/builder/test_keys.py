"""Keys of journeys: which are free, and which nobody can have."""

import pytest

from builder.keys import RESERVED, check_key, free, slug
from wayfare.errors import BadKey


@pytest.mark.parametrize("key", sorted(RESERVED))
def test_keys_that_are_addresses_of_pages_are_refused_in_words(key: str) -> None:
    with pytest.raises(BadKey, match=f"/journeys/{key} is a page of its own; choose another key"):
        check_key(key)
    assert free(key, set()) == f"{key}-2"


@pytest.mark.parametrize("key", ["", "a/b", "..", "a\nb", "x" * 101])
def test_keys_that_cannot_be_addresses_are_refused(key: str) -> None:
    with pytest.raises(BadKey, match="cannot be a key"):
        check_key(key)


def test_a_key_is_made_from_a_name_and_is_free() -> None:
    assert slug("Знижка: Київ & Lviv!", "journey") == "znyzhka-kyiv-lviv"
    assert slug("!!!", "journey") == "journey"
    assert free("welcome", {"welcome", "welcome-2"}) == "welcome-3"
    assert check_key(free("welcome", ())) == "welcome"
