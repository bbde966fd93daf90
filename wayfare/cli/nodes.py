"""`wayfare nodes`: which node types there are, and how to begin one."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from nodes.contract import Category
from nodes.registry import Registry, open_registry
from wayfare.errors import WayfareError
from wayfare.settings import load

app = typer.Typer(no_args_is_help=True, help="Node types: list them, begin a new one.")
_KEY = re.compile(r"([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)")


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="nodes")


@app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON with each form's schema.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Write a page with every setting.")] = False,
) -> None:
    """List the node types of Wayfare, of installed packages and of the folder WAYFARE_NODES_DIR.

    Exit code 1 when one could not be loaded.
    """
    registry = open_registry(folder=load().nodes_dir)
    if markdown:
        print(as_markdown(registry), end="")
    elif as_json:
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


def as_markdown(registry: Registry) -> str:
    """Return docs/node-types.md: every type with its help and settings."""
    lines = [_INTRODUCTION]
    for category in Category:
        lines.append(f"\n## {_HEADINGS[category]}\n")
        for key in registry:
            about = registry.describe(key)
            if about["category"] == category:
                lines += _section(about)
    return "".join(lines)


def _section(about: dict[str, Any]) -> list[str]:
    schema = about["schema"]
    lines = [f"\n### {about['label']}: `{about['key']}`\n\n{' '.join(about['help'].split())}\n"]
    if schema["properties"]:
        lines.append("\n| setting | what it is | values | default |\n|---|---|---|---|\n")
    for name, field in schema["properties"].items():
        words = ". ".join(filter(None, [field.get("title", ""), field.get("description", "")]))
        default = f"`{json.dumps(field['default'], ensure_ascii=False)}`" if "default" in field else ""
        if name in schema.get("required", ()):
            default = "must be given"
        lines.append(f"| `{name}` | {words} | {_values(field, schema)} | {default} |\n".replace("{{", "{&#123;"))
    return lines


def _values(field: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return in words what a field of a JSON Schema takes."""
    if field.get("widget", "") in _KINDS:
        return _KINDS[field["widget"]]
    if "anyOf" in field:
        return " or ".join(_values(one, schema) for one in field["anyOf"])
    if "enum" in field or "const" in field:
        return ", ".join(f"`{one}`" for one in field.get("enum", [field.get("const")]))
    if "$ref" in field:
        inner = schema["$defs"][field["$ref"].rpartition("/")[2]]
        return "{" + ", ".join(f"`{name}`" for name in inner["properties"]) + "}"
    kind = _KINDS.get(field.get("format", "")) or _KINDS.get(field.get("type", ""), "anything")
    if field.get("type") == "array":
        return f"list of {_values(field['items'], schema)}"
    low, high = field.get("minimum"), field.get("maximum")
    return f"{kind}, {low} to {high}" if low is not None and high is not None else kind


_HEADINGS = {Category.TRIGGER: "Triggers", Category.FLOW: "Flow", Category.ACTION: "Actions"}
_KINDS = {
    "array": "list",
    "boolean": "yes or no",
    "date": "date",
    "date_fact": "date of the customer",
    "event_rule": "rule about `data.NAME`",
    "integer": "whole number",
    "null": "nothing",
    "number": "number",
    "object": "names and values",
    "rule": "rule, as in segments",
    "segment": "segment",
    "string": "text",
    "template": "template",
    "time": "time of day",
}
_INTRODUCTION = """\
# Node types

What a journey is made of. `wayfare nodes list` shows those of installed packages too; [your own](integrating.md) have
the same rights.
"""


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
