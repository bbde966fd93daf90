"""`wayfare nodes`: which node types there are, and how to begin one."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from nodes.registry import open_registry
from wayfare.errors import WayfareError

app = typer.Typer(no_args_is_help=True, help="Node types: list them, begin a new one.")
_KEY = re.compile(r"([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)")


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="nodes")


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="Write JSON with each form's schema.")] = False) -> None:
    """List the node types of Wayfare and of installed packages. Exit code 1 when a package could not be loaded."""
    registry = open_registry()
    if as_json:
        print(json.dumps([registry.describe(key) for key in registry], ensure_ascii=False, indent=2))
    else:
        for key in registry:
            about = registry.describe(key)
            print(f"{key:<24} {about['label']:<16} {_first_sentence(about['help'])}")
    for failure in registry.failures:
        print(f"{failure.package or failure.name}: not loaded: {failure.reason}", file=sys.stderr)
    if registry.failures:
        sys.exit(1)


@app.command()
def new(
    key: Annotated[str, typer.Argument(help="Key of the node type, such as acme.points_split.")],
    folder: Annotated[Path, typer.Option(help="Where to make the package.")] = Path("."),
) -> None:
    """Make a package with one node type, its test, and the line by which Wayfare finds it."""
    match = _KEY.fullmatch(key)
    if match is None:
        raise WayfareError(f"'{key}' cannot be a key; write it like acme.points_split")
    owner, name = match.groups()
    package = f"{owner}_{name}"
    target = folder / package
    if target.exists():
        raise WayfareError(f"{target} exists already; choose another --folder")
    names = {
        "key": key,
        "package": package,
        "project": package.replace("_", "-"),
        "entry": name,
        "type": "".join(part.capitalize() for part in name.split("_")),
        "label": name.replace("_", " ").capitalize(),
    }
    (target / "tests").mkdir(parents=True)
    for path, content in _FILES.items():
        file = target / path.format(**names)
        file.write_text(content.format(**names), encoding="utf-8")
        print(file)
    print(f"Next: cd {target} && pip install -e . && pytest", file=sys.stderr)


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.;]) ", " ".join(text.split()), maxsplit=1)[0]


_FILES = {
    "pyproject.toml": """\
[build-system]
requires = ["setuptools>=80"]
build-backend = "setuptools.build_meta"

[project]
name = "{project}"
version = "1.0.0"
requires-python = ">=3.11"
dependencies = ["wayfare"]

[project.entry-points."wayfare.nodes"]
{entry} = "{package}:{type}"

[tool.setuptools]
py-modules = ["{package}"]
""",
    "{package}.py": '''\
"""{label}: a node type for Wayfare."""

from wayfare.sdk import Batch, Field, NodeType, Result


class {type}(NodeType):
    """Customers with enough points go one way, everyone else the other."""

    key = "{key}"
    label = "{label}"
    needs = ("attrs.points",)

    minimum: int = Field(100, ge=0, title="Minimum points")

    def ports(self) -> tuple[str, ...]:
        return ("enough", "too_few")

    def step(self, batch: Batch) -> Result:
        enough = {{id for id, points in batch.rows("attrs.points") if (points or 0) >= self.minimum}}
        return Result(moves={{"enough": enough, "too_few": batch.ids - enough}})
''',
    "tests/test_{package}.py": """\
from {package} import {type}

from wayfare.testing import a_batch, run


def test_the_minimum_itself_is_enough() -> None:
    result = run({type}(minimum=100), a_batch({{"attrs.points": [99, 100, None]}}))
    assert result.moves == {{"enough": {{2}}, "too_few": {{1, 3}}}}
""",
}
