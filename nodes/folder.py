"""Node types dropped into a folder: each file holds one or more, and is imported under a name of its own."""

import importlib.util
import inspect
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from nodes.contract import NodeType


def modules_in(folder: Path) -> list[Path]:
    """Return the files of a folder that may hold node types, by name. A folder that is not there holds none."""
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_")) if folder.is_dir() else []


def danger(path: Path) -> str:
    """Return why a file must not be run: others than its owner could have written it. Empty when nothing speaks
    against it.
    """
    if os.name != "posix":
        return ""
    for place in (path.parent, path):
        found = place.stat()
        if found.st_uid not in (0, os.geteuid()):
            return f"{place} belongs to another user; its code would run with the rights of Wayfare"
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return f"others may write to {place}; take that right away: chmod go-w '{place}'"
    return ""


def types_of(path: Path) -> Iterator[type[NodeType]]:
    """Run a file and yield the node types that it defines; whatever it raises is the caller's to note."""
    name = f"wayfare_nodes_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be read as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    for member in vars(module).values():
        if inspect.isclass(member) and issubclass(member, NodeType) and member.key and member.__module__ == name:
            yield member
