"""The guide's tables of cells, groups and formulas say what the code does."""

import re
from pathlib import Path

from wayfare.value.forecast import MIN_REPEATERS
from wayfare.value.formulas import by_segment
from wayfare.value.rfm import GROUPS, cells, default_group

DOC = (Path(__file__).parents[3] / "docs" / "audience.md").read_text(encoding="utf-8")


def test_the_table_of_cells_is_the_default_mapping() -> None:
    names = {group.name: group.key for group in GROUPS}
    rows = re.findall(r"^\| \*\*([1-5])\*\* \| (.*) \|$", DOC, re.MULTILINE)
    table = {int(recency): [names[name] for name in row.split(" | ")] for recency, row in rows}
    assert len(table) == 5
    for cell in cells():
        recency, frequency, monetary = cell
        assert default_group(cell) == table[recency][-(-(frequency + monetary) // 2) - 1]


def test_every_group_is_there_with_its_key_and_advice() -> None:
    for group in GROUPS:
        assert f"| {group.name} | `{group.key}` | {group.advice} |" in DOC


def test_figures_in_the_text_are_those_of_the_code() -> None:
    assert f"Fewer than {MIN_REPEATERS} customers who came back make no forecast" in DOC
    assert by_segment([(5_000_000, "0.9", "0.5"), (3_000_000, "0.7", "0.5"), (2_000_000, "0.4", "0.5")]) == 3_700_000
    assert "= 37 000.00" in DOC
