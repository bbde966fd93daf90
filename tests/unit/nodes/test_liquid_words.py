"""Templates as people read them in a list."""

import pytest

from nodes.liquid_words import named_outputs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{{ first_name | default: "Hello" }}, a gift', "‹First name›, a gift"),
        ('{{code}} until {{ code_valid_until | date: "%d.%m.%Y" }}', "‹Code› until ‹Last day›"),
        ("{{ attrs.shoe_size }}{% if code %}!{% endif %}", "‹Shoe size› ! "),
        ("50 % off {today}", "50 % off {today}"),
    ],
)
def test_outputs_read_as_names(text: str, words: str) -> None:
    assert named_outputs(text) == words
