"""What docs/promotions.md shows works, and it names what there is."""

import re
from pathlib import Path

import pytest

from wayfare.promotions.words import REASONS

PAGE = (Path(__file__).parents[3] / "docs" / "promotions.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_run(example: str) -> None:
    exec(compile(example, "docs/promotions.md", "exec"), {})


def test_every_reason_is_explained() -> None:
    assert len(EXAMPLES) == 2
    assert all(f"`{reason}`" in PAGE for reason in REASONS)
