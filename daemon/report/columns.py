"""Binary columns and rows of text for the page, deflated as they come."""

from __future__ import annotations

import base64
import json
import sys
import zlib
from array import array
from typing import Any, Final

TICKS_A_SECOND: Final = 10_000
SOURCES: Final = ("audio", "link", "midi", "tap", "internal")
_TRUSTED, _DOWNBEAT = 16, 32


class Deflated:
    """Bytes that the page inflates with `DecompressionStream("deflate")`."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(9)
        self._parts: list[bytes] = []

    def add(self, data: bytes) -> None:
        """More of them."""
        self._parts.append(self._deflate.compress(data))

    def row(self, kind: str, /, **fields: Any) -> None:
        """A JSON object on a line of its own, `k` telling what it is."""
        self.add(
            json.dumps({"k": kind, **fields}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        )

    def base64(self) -> str:
        """All of it; nothing can be added after."""
        self._parts.append(self._deflate.flush())
        return base64.b64encode(b"".join(self._parts)).decode("ascii")


class Beats:
    """Beats as columns: steps of time (int32, 0.1 ms), tempo (uint16, 0.01 BPM), flags and source (uint8)."""

    def __init__(self) -> None:
        self._steps, self._tempo = array("i"), array("H")
        self._flags, self._sources = array("B"), array("B")
        self._last = 0

    def __len__(self) -> int:
        return len(self._steps)

    def add(self, seconds: float, record: dict[str, Any]) -> None:
        """A `beat` record, so many seconds after the first sample; odd values are brought into range."""
        ticks = round(seconds * TICKS_A_SECOND)
        step = min(max(ticks - self._last, -(1 << 31)), (1 << 31) - 1)
        self._last += step
        self._steps.append(step)
        self._tempo.append(_within(record.get("tempoBpm"), 100, 0xFFFF))
        flags = _within(record.get("barBeat"), 1, 15)
        flags |= _TRUSTED if record.get("trusted") is True else 0
        flags |= _DOWNBEAT if record.get("downbeat") is True else 0
        self._flags.append(flags)
        source = record.get("source")
        self._sources.append(SOURCES.index(source) if source in SOURCES else len(SOURCES))

    def packed(self) -> str:
        """Column after column, little-endian, deflated, base64."""
        packed = Deflated()
        for column in (self._steps, self._tempo, self._flags, self._sources):
            if sys.byteorder == "big":
                column.byteswap()
            packed.add(column.tobytes())
        return packed.base64()


def _within(value: object, factor: int, most: int) -> int:
    number = value if isinstance(value, int | float) else 0
    return round(min(max(number, 0), most / factor) * factor)
