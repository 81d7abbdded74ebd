"""Canonical JSON and the hash chain: the bytes that can be compared and the proof that none is missing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from selector.errors import BadRecord
from selector.fixedpoint import MICRO, to_micro

GENESIS = "0" * 64
"""`prev` of the first line of a chain."""

_LARGEST_REAL = 1e9  # beyond it float64 no longer resolves millionths


def canonical(obj: Any) -> bytes:
    """`obj` as canonical JSON: UTF-8, sorted keys, no spaces, reals from integer micro-units.

    A whole real is printed like the integer, so the bytes depend on the value alone and survive a
    round trip through any JSON reader. Takes dict with str keys, list, tuple, str, int, float, bool
    and None; raises ValueError for anything else, for NaN and for reals beyond 1e9.
    """
    parts: list[str] = []
    _write(obj, parts)
    return "".join(parts).encode()


def real_text(value: float) -> str:
    """`value` with at most six decimals, trailing zeros left out."""
    if not -_LARGEST_REAL <= value <= _LARGEST_REAL:
        raise ValueError(f"{value} cannot be logged; reals lie within one milliard and are finite.")
    count = to_micro(value)
    sign = "-" if count < 0 else ""
    whole, part = divmod(abs(count), MICRO)
    return f"{sign}{whole}.{part:06d}".rstrip("0") if part else f"{sign}{whole}"


def _write(obj: Any, parts: list[str]) -> None:
    if obj is None:
        parts.append("null")
    elif obj is True:
        parts.append("true")
    elif obj is False:
        parts.append("false")
    elif isinstance(obj, str):
        parts.append(json.dumps(obj, ensure_ascii=False))
    elif isinstance(obj, int):
        parts.append(str(obj))
    elif isinstance(obj, float):
        parts.append(real_text(obj))
    elif isinstance(obj, dict):
        _write_object(obj, parts)
    elif isinstance(obj, list | tuple):
        opening = "["
        for item in obj:
            parts.append(opening)
            _write(item, parts)
            opening = ","
        parts.append("]" if obj else "[]")
    else:
        raise ValueError(f"{type(obj).__name__} cannot be written as JSON; convert it first.")


def _write_object(obj: dict[Any, Any], parts: list[str]) -> None:
    for key in obj:
        if not isinstance(key, str):
            raise ValueError(f"key {key!r} is not a string; JSON objects need string keys.")
    opening = "{"
    for key in sorted(obj):
        parts.append(f"{opening}{json.dumps(key, ensure_ascii=False)}:")
        _write(obj[key], parts)
        opening = ","
    parts.append("}" if obj else "{}")


def digest(record: dict[str, Any]) -> str:
    """sha256 (hex) of the canonical record, its own `hash` left out."""
    return sha256(canonical({k: v for k, v in record.items() if k != "hash"})).hexdigest()


class HashChain:
    """Links records: each carries the hash of the one before.

    Args:
        prev: hash of the last record already written; 64 zeros for a new chain.
    """

    def __init__(self, prev: str = GENESIS) -> None:
        self.prev = prev

    def seal(self, record: dict[str, Any]) -> dict[str, Any]:
        """A copy of `record` with `prev` and `hash`; the chain now ends with it."""
        sealed = {**record, "prev": self.prev}
        self.prev = sealed["hash"] = digest(sealed)
        return sealed


def check(lines: Iterable[bytes | str], prev: str = GENESIS) -> int | None:
    """Index of the first line that breaks the chain or is not canonical; None when all hold."""
    for index, line in enumerate(lines):
        raw = (line.encode() if isinstance(line, str) else line).rstrip(b"\n")
        try:
            record = read_line(raw)
            whole = canonical(record) == raw and record.get("prev") == prev
            if not whole or record.get("hash") != digest(record):
                return index
        except ValueError:
            return index
        prev = record["hash"]
    return None


def read_line(line: bytes | str) -> dict[str, Any]:
    """One line of a log as an object. Raises `BadRecord` when it is none."""
    try:
        record = json.loads(line)
    except ValueError as error:
        raise BadRecord("the line is not JSON", fix="cut the log before it") from error
    if not isinstance(record, dict):
        raise BadRecord("the line is not a JSON object", fix="cut the log before it")
    return record
