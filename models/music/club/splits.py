"""Training and validation never share a family: templates are split by name, numbered families by number."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from models.music.clip import Split, random_for

VALID_SHARE = 5
"""One family in so many is for validation."""


def share(split: Split, kind: str, names: Sequence[str]) -> list[str]:
    """The part of `names` that a split may use, by rank of the hash of `kind` and name.

    Fewer than three names cannot be divided without taking a whole style away from one split; both get all.
    """
    if len(names) < 3:
        return list(names)
    ranked = sorted(names, key=lambda name: hashlib.sha256(f"{kind}/{name}".encode()).digest())
    held_out = -(-len(names) // VALID_SHARE)
    return ranked[:held_out] if split == "valid" else ranked[held_out:]


def pick(rng: np.random.Generator, split: Split, kind: str, names: Sequence[str]) -> str:
    """One of the names that the split may use."""
    allowed = share(split, kind, names)
    return allowed[int(rng.integers(len(allowed)))]


def family(rng: np.random.Generator, split: Split) -> int:
    """Number of a family (of drum kits, of instruments) that only this split uses."""
    number = int(rng.integers(1 << 20)) * VALID_SHARE
    return number if split == "valid" else number + 1 + int(rng.integers(VALID_SHARE - 1))


def family_random(kind: str, number: int) -> np.random.Generator:
    """What a numbered family is like: the same each time it is asked for."""
    return random_for(0, "family", kind, number)
