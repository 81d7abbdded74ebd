"""CSV that a spreadsheet opens right: UTF-8, RFC 4180, reals without exponents, no formulas.

Structs become columns named `struct.field`; lists become JSON in one cell. Text that a spreadsheet would
take for a formula is written with an apostrophe before it: names of presets come from strangers.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TextIO

from daemon.export.columns import Column
from selector.canonical import real_text

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters by which a spreadsheet may take text for a formula, or lose its place; the last four
are the wide forms of the first."""


def write(file: TextIO, columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write a table with a header line; returns how many rows it has. `file` must not translate newlines."""
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(_names(columns))
    count = 0
    for row in rows:
        writer.writerow(list(_cells(columns, row)))
        count += 1
    return count


def _names(columns: Sequence[Column], prefix: str = "") -> Iterator[str]:
    for column in columns:
        if column.kind == "struct":
            yield from _names(column.inner, f"{prefix}{column.name}.")
        else:
            yield prefix + column.name


def _cells(columns: Sequence[Column], row: Mapping[str, Any]) -> Iterator[str]:
    for column in columns:
        value = row.get(column.name)
        if column.kind == "struct":
            yield from _cells(column.inner, value or {})
        else:
            yield _cell(column, value)


def _cell(column: Column, value: Any) -> str:
    if value is None:
        return ""
    match column.kind:
        case "flag":
            return "true" if value else "false"
        case "int":
            return str(value)
        case "real":
            return real_text(value)
        case "list":
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return guarded(value)


def guarded(text: str) -> str:
    """`text` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
