"""Writes large JSON objects without holding them: scalars first, then lists, row by row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def write_object(path: Path, scalars: Mapping[str, Any], lists: Mapping[str, Iterable[Any]]) -> None:
    """Write `{...scalars, ...lists}`, one row of a list a line; the same input gives the same bytes."""
    with path.open("w", encoding="utf-8") as file:
        file.write("{")
        for number, (key, value) in enumerate(scalars.items()):
            file.write(f"{',' if number else ''}\n {json.dumps(key)}: {_text(value)}")
        for number, (key, rows) in enumerate(lists.items()):
            file.write(f"{',' if number or scalars else ''}\n {json.dumps(key)}: [")
            for at, row in enumerate(rows):
                file.write(f"{',' if at else ''}\n  {_text(row)}")
            file.write("\n ]")
        file.write("\n}\n")


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
