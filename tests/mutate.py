"""Change one thing in a module and see whether a test notices: `python -m tests.mutate [PACKAGE] --sample N --seed S`.

A mutant that no test notices is either the same program or a test that is missing. Each is tried on a copy of the tree,
in a process of its own with a limit of processor time; the tree itself is never touched.
"""

import ast
import copy
import os
import random
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import hypothesis  # noqa: F401  # loaded once, before each mutant gets its process
import pydantic  # noqa: F401
import pytest
import typer

ROOT = Path(__file__).resolve().parents[1]
PYTEST = [
    "-x",
    "-q",
    "-p",
    "no:cacheprovider",
    "-c",
    "pyproject.toml",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
]
COPIED = ("wayfare", "tests", "docs", "examples", "bench")
SLOW = ("test_properties.py", "test_lowest.py")  # these come last
Change = tuple[str, Callable[[ast.AST], ast.AST]]  # in words, and what makes it: a new node or the same one changed

COMPARE = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip
SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any"}


def _with(field: str, value: object) -> Callable[[ast.AST], ast.AST]:
    def change(node: ast.AST) -> ast.AST:
        setattr(node, field, value)
        return node

    return change


def _negated(field: str) -> Callable[[ast.AST], ast.AST]:
    return lambda node: _with(field, ast.UnaryOp(ast.Not(), getattr(node, field)))(node)


def changes(node: ast.AST) -> Iterator[Change]:
    """Yield what can be changed in one node."""
    if isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            ops = [COMPARE[type(one)]() if place == at else one for at, one in enumerate(node.ops)]
            yield f"{type(op).__name__} -> {type(ops[place]).__name__}", _with("ops", ops)
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in ARITHMETIC:
        other = ARITHMETIC[type(node.op)]
        yield f"{type(node.op).__name__} -> {other.__name__}", _with("op", other())
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):  # a bool is one
        old = node.value
        for value in [not old] if isinstance(old, bool) else [old + 1, old - 1]:
            yield f"{old} -> {value}", _with("value", value)
    elif isinstance(node, ast.BoolOp):
        is_and = isinstance(node.op, ast.And)
        yield ("and -> or" if is_and else "or -> and"), _with("op", ast.Or() if is_and else ast.And())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield f"without {'-' if isinstance(node.op, ast.USub) else 'not'}", lambda one: one.operand  # type: ignore[attr-defined]  # just seen
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SWAPPED:
        name = SWAPPED[node.func.id]
        yield f"{node.func.id} -> {name}", _with("func", ast.Name(name, ast.Load()))
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield "test negated", _negated("test")
    if isinstance(node, ast.comprehension):
        for place in range(len(node.ifs)):
            yield "filter dropped", _with("ifs", [one for at, one in enumerate(node.ifs) if at != place])
    if isinstance(node, ast.Return) and node.value is not None and not _is(node.value, None):
        yield "return None", _with("value", ast.Constant(None))
    is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    if is_call or isinstance(node, ast.AugAssign | ast.Continue | ast.Break | ast.Raise):
        yield "statement skipped", lambda one: ast.Pass()


def _is(node: ast.AST, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that do something: no annotations, no assertions, no `strict=True` of zip."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            is_strict = isinstance(child, ast.keyword) and child.arg == "strict"
            if isinstance(child, ast.AST) and not isinstance(child, ast.Assert) and not is_strict:
                yield child
                yield from nodes(child)


def mutants(source: str) -> list[tuple[int, str, str]]:
    """Return (line, words, source) of each mutant of a module."""
    tree, found = ast.parse(source), list[tuple[int, str, str]]()
    for place, node in enumerate(nodes(tree)):
        for number, (words, _) in enumerate(changes(node)):
            other = copy.deepcopy(tree)
            same = list(nodes(other))[place]
            made = list(changes(same))[number][1](same)
            if made is not same:
                _Replace(same, made).visit(other)
            line = getattr(node, "lineno", 0) or (node.ifs[0].lineno if isinstance(node, ast.comprehension) else 0)
            found.append((line, words, ast.unparse(ast.fix_missing_locations(other))))
    return found


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def sample(modules: list[Path], count: int, chance: random.Random) -> Iterator[tuple[Path, int, str, str]]:
    """Yield so many mutants, of each module a share."""
    every = {path: mutants(path.read_text()) for path in modules}
    for some in every.values():
        chance.shuffle(some)
    whole = sum(map(len, every.values()))
    picked = [
        (path, *one) for path, some in every.items() for one in some[: max(3, round(count * len(some) / max(1, whole)))]
    ]
    chance.shuffle(picked)
    yield from picked[:count]


def is_noticed(tree: Path, tests: list[str], seconds: int) -> bool:
    """Tell whether the tests of a copy of the tree fail, or run for too long."""
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        os.chdir(tree)
        sys.path[:] = [str(tree), *[path for path in sys.path if path and Path(path).resolve() != ROOT]]
        sys.dont_write_bytecode = True
        os.environ["PRICE_ONCE"] = "1"
        code = 3
        try:
            code = int(pytest.main([*PYTEST, *tests]))
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] != 0


def main(
    package: Annotated[Path, typer.Argument()] = Path("wayfare/promotions"),
    tests: Annotated[Path, typer.Option(help="The tests that must notice.")] = Path("tests/unit/promotions"),
    number: Annotated[int, typer.Option("--sample", help="So many mutants.")] = 300,
    seed: Annotated[int, typer.Option(help="Another seed, other mutants.")] = 0,
    seconds: Annotated[int, typer.Option(help="Processor time of one mutant.")] = 60,
    only: Annotated[list[str], typer.Option(help="Modules or lines of them: aims.py, aims.py:77.")] = [],  # noqa: B006  # typer copies it
) -> None:
    """Print the mutants that no test notices."""
    os.nice(15)
    asked = {one.split(":")[0] for one in only}
    modules = [path for path in sorted((ROOT / package).rglob("*.py")) if not only or path.name in asked]
    files = sorted((ROOT / tests).glob("test_*.py"), key=lambda path: (path.name in SLOW, path.name))
    names = [str(path.relative_to(ROOT)) for path in files]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        shutil.copy(ROOT / "pyproject.toml", tree)
        for name in COPIED:
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        if is_noticed(tree, names, seconds):
            raise SystemExit("the tests fail without any change")
        tried = survived = 0
        for path, line, words, source in sample(modules, number, random.Random(seed)):
            if only and path.name not in only and f"{path.name}:{line}" not in only:
                continue
            here = tree / path.relative_to(ROOT)
            before = here.read_text()
            here.write_text(source)
            tried += 1
            if not is_noticed(tree, names, seconds):
                survived += 1
                print(
                    f"{path.relative_to(ROOT)}:{line}  {words}  |  {before.splitlines()[line - 1].strip()}",
                    flush=True,
                )
            here.write_text(before)
            if tried % 50 == 0:
                print(f"# {tried} tried, {survived} survive", flush=True)
        print(f"# {tried} tried, {survived} survive")


if __name__ == "__main__":
    typer.run(main)
