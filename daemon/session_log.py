"""The hash chain of a log, checked line by line as it is read: no log is ever held in memory as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import msgspec

from selector.canonical import canonical, digest

CHANGED = "the record was changed or is missing (its hash does not fit the chain)"

_encode = msgspec.json.Encoder(order="sorted").encode


class BrokenChainError(Exception):
    """A line is not what was written there; `number` counts lines from 1."""

    def __init__(self, number: int) -> None:
        super().__init__(CHANGED)
        self.number = number


class SealedLog:
    """A log, read once from its beginning.

    Args:
        lines: without line ends.
        prev: hash that the first line must name.

    Attributes:
        number: of the newest line, from 1; 0 before the first.
        line: the newest one.
        offset: byte at which it begins.
    """

    def __init__(self, lines: Iterator[bytes], prev: str) -> None:
        self._lines = lines
        self._prev = prev
        self._end = 0
        self.number = 0
        self.line = b""
        self.offset = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The records, each only once its place in the chain was checked.

        Raises:
            BrokenChainError: at the first line that is not canonical or does not fit.
        """
        while (record := self.next()) is not None:
            yield record

    def next(self) -> dict[str, Any] | None:
        """The next record; None at the end. Raises as iterating does."""
        line = next(self._lines, None)
        if line is None:
            return None
        self.number += 1
        self.line, self.offset = line, self._end
        self._end += len(line) + 1
        record = _record(line, self._prev)
        if record is None:
            raise BrokenChainError(self.number)
        self._prev = record["hash"]
        return record


def _record(line: bytes, prev: str) -> dict[str, Any] | None:
    try:
        record = msgspec.json.decode(line)
        if not isinstance(record, dict) or record.get("prev") != prev:
            return None
        if b"." not in line and b"\\" not in line:
            # No real number and nothing escaped: here sorted JSON is canonical, at a tenth of the time.
            if _encode(record) != line:
                return None
            found = record.pop("hash", None)
            expected = sha256(_encode(record)).hexdigest()
        else:
            if canonical(record) != line:
                return None
            found, expected = record.pop("hash", None), digest(record)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None
    record["hash"] = found
    return record if found == expected else None
