"""One spelling for a JSON value, so that equal content has equal bytes and one hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> bytes:
    """Encode `value` as UTF-8 JSON with sorted keys and no spaces.

    Raises:
        ValueError: `value` holds NaN or an infinity.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def readable_json(value: Any) -> bytes:
    """Encode `value` as UTF-8 JSON that a person can read, in the order in which it was built."""
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def sha256_hex(data: bytes) -> str:
    """SHA-256 of `data`, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def draw64(seed: int, *labels: str) -> int:
    """Counter-based draw: a number in [0, 2**64) that depends on nothing but its arguments."""
    message = "\x1f".join((str(seed), *labels)).encode("utf-8")
    return int.from_bytes(hashlib.sha256(message).digest()[:8], "big")
