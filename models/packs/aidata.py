"""The app's `manifest.jsonl`: one pair a line, by the paths its files had where they were made."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from models.errors import PackError

MANIFEST = "manifest.jsonl"
KEPT_AS = "manifest.source.jsonl"


@dataclass(frozen=True)
class SourcePair:
    """One line. Differences are None where the line has no usable number."""

    pair: int
    fg: str
    bg: str
    warp_diff: float | None
    cx_diff: float | None


def read_manifest(path: Path) -> Iterator[tuple[int, SourcePair | str]]:
    """(line number, pair, or what is wrong with the line) of every line that is not blank.

    Raises:
        PackError: the manifest cannot be read.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                text = line.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace").strip()
                if text:
                    yield number, _pair(text)
    except OSError as error:
        raise PackError(f"cannot be read ({error.strerror})", where=str(path)) from error


def _pair(text: str) -> SourcePair | str:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return "broken line"
    if not isinstance(row, dict):
        return "broken line"
    pair, fg, bg = row.get("pair"), row.get("fg"), row.get("bg")
    if isinstance(pair, bool) or not isinstance(pair, int):
        return "line without a pair number"
    if not isinstance(fg, str) or not isinstance(bg, str) or not fg.strip() or not bg.strip():
        return "line without fg or bg"
    return SourcePair(pair, fg, bg, _difference(row.get("warp_diff")), _difference(row.get("cx_diff")))


def _difference(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)
