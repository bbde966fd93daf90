"""Rows of CSV and JSONL files, one after the other whatever the file's size; a broken row is reported by itself."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from engine.parse import Broken, read_item
from engine.problems import printable
from wayfare.errors import InputRefused

LONGEST_LINE = 1_000_000
"""Bytes of one line; a longer one is no row of a table but another kind of file."""

_TOO_LONG = Broken("too_large", f"the line is longer than {LONGEST_LINE} bytes; mend the file around it")


class Cells(dict[str, Any]):
    """One row of a table: text by column; empty cells are left out."""


class Row:
    """One row: its number counting from 1 without the header, the line on which it ends, and its value."""

    __slots__ = ("line", "number", "value")

    def __init__(self, number: int, line: int, value: Any) -> None:
        self.number = number
        self.line = line
        self.value = value


def read_rows(
    path: Path, *, encoding: str, check: Callable[[list[str]], None], seen: Callable[[int], None]
) -> Iterator[Row]:
    """Yield the rows of a file: values of a .jsonl file as they are, rows of a CSV file as `Cells`.

    `check` is given the columns of a CSV file and may refuse them; `seen` is told of every few bytes that were read.
    InputRefused when the file is neither.
    """
    with path.open("rb") as file:
        lines = _Lines(file, encoding, seen)
        if path.suffix.lower() in (".jsonl", ".ndjson"):
            yield from _jsonl(lines)
        else:
            yield from _csv(lines, check)


class _Lines:
    """The lines of a file. Bytes that are no text come as lone surrogates, so that only their row is refused."""

    def __init__(self, file: BinaryIO, encoding: str, seen: Callable[[int], None]) -> None:
        start = file.read(4)
        file.seek(0)
        if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise InputRefused("encoding", "the file is in UTF-16; save it as UTF-8, or as CSV (UTF-8)")
        if start[:2] in (b"PK", b"\x1f\x8b"):
            raise InputRefused("compressed", "the file is compressed or a workbook; save it as CSV or JSONL")
        self.file = file
        self.encoding = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
        self.seen = seen
        self.number = 0
        self.was_cut = False

    def __iter__(self) -> Iterator[str]:
        while raw := self.file.readline(LONGEST_LINE):
            self.number += 1
            read = len(raw)
            if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
                self.was_cut = True
                while (rest := self.file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                    read += len(rest)
                read += len(rest)
            self.seen(read)
            yield raw.decode(
                self.encoding if self.number == 1 else self.encoding.removesuffix("-sig"), "surrogateescape"
            )


def _jsonl(lines: _Lines) -> Iterator[Row]:
    number = 0
    for line in lines:
        if not line.strip():
            continue
        number += 1
        value: Any = _TOO_LONG if lines.was_cut else read_item(line)
        lines.was_cut = False
        yield Row(number, lines.number, value)


def _csv(lines: _Lines, check: Callable[[list[str]], None]) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_LINE)
    text = iter(lines)
    header = next(text, "")
    delimiter = max(",;\t|", key=header.count)
    columns = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
    if not any(columns):
        raise InputRefused("empty", "the file has no header; its first line must name the columns")
    twice = {name for name in columns if columns.count(name) > 1}
    if twice:
        names = ", ".join(sorted(map(printable, twice)))
        raise InputRefused("duplicate_column", f"these columns come twice: {names}; name each column once")
    check([name for name in columns if name])
    reader = csv.reader(text, delimiter=delimiter)
    number = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            cells, value = [], Broken("invalid_csv", f"the row cannot be read ({error}); mend its quotes")
        else:
            if cells is None:
                return
            if not cells:
                continue
            value = _cells(columns, cells)
        number += 1
        yield Row(number, lines.number, _TOO_LONG if lines.was_cut else value)
        lines.was_cut = False


def _cells(columns: list[str], cells: list[str]) -> Any:
    if len(cells) != len(columns):
        words = f"the row has {len(cells)} cells and the header {len(columns)}; look for a missing quote or separator"
        return Broken("wrong_number_of_cells", words)
    return Cells({name: cell for name, cell in zip(columns, cells, strict=True) if name and cell.strip()})
