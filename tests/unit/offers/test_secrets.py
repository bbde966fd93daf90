"""Nothing of value is drawn from a guessable source or compared in a time that tells how much of it was right."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOM = Path(__file__).parents[3] / "offers"
FILES = sorted([*(ROOM / "codes").glob("*.py"), *(ROOM / "certificates").glob("*.py")])
SECRET = ("digest", "pin", "password", "secret", "hash")


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_codes_and_certificates_use_secure_chance_and_even_comparisons(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not imported & {"random", "uuid", "time"}
    assert list(compared(tree)) == []


def compared(tree: ast.AST) -> Iterator[str]:
    """Yield each secret that is compared by == or !=; what is public, as a request's digest, has a name of its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            for side in (node.left, *node.comparators):
                name = side.attr if isinstance(side, ast.Attribute) else side.id if isinstance(side, ast.Name) else ""
                if name.endswith(SECRET):
                    yield name


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 8
    assert list(compared(ast.parse("row.pin_digest == given"))) == ["pin_digest"]
