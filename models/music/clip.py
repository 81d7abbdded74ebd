"""A made piece of music with exact truth, and the randomness it is made from.

Conventions: seconds from the start of the clip; samples float32[n, 2] in -1..1.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

Split = Literal["train", "valid"]
"""Families (patterns, kits, sound fonts, progressions) of the two do not overlap."""
OnsetClass = Literal["kick", "clap", "hihat", "other"]
SectionName = Literal["calm", "groove", "build", "drop", "peak", "breakdown"]


class Truth(msgspec.Struct, kw_only=True):
    """What is really in a clip. The names of the development clips, and more.

    Attributes:
        id: unique name of the clip.
        category: family of the clip (`four_floor`, `swing`, `band`, `null_speech`).
        duration: seconds.
        beats: times at which a listener taps, also through a breakdown without drums.
        downbeats: first beats of bars; a subset of `beats`.
        beats_per_bar: 3 or 4 as a rule; 0 where there are no bars.
        onsets: starts of notes and hits with a quick attack, all classes, ascending, merged within 30 ms.
        onsets_by_class: the same before merging, by class; snares and rims are a `clap`, cymbals `hihat`.
        onsets_dontcare: starts of notes with a slow attack: neither rewarded nor punished.
        tempo: `[start, end, bpm at start, bpm at end]`, linear in between.
        mask: spans in which beats are not judged (cross-fades, breakdowns, ends).
        silent: spans in which no beat may be announced: nothing sounds, or it is no music.
        changes: instants from which the beat has to be found (again): start, cut, end of a gap or breakdown.
        sections: `[start, name]`, ascending; a clip without music has none.
    """

    id: str
    category: str
    duration: float
    beats: list[float] = msgspec.field(default_factory=list)
    downbeats: list[float] = msgspec.field(default_factory=list)
    beats_per_bar: int = 4
    onsets: list[float] = msgspec.field(default_factory=list)
    onsets_by_class: dict[OnsetClass, list[float]] = msgspec.field(default_factory=dict)
    onsets_dontcare: list[float] = msgspec.field(default_factory=list)
    tempo: list[tuple[float, float, float, float]] = msgspec.field(default_factory=list)
    mask: list[tuple[float, float]] = msgspec.field(default_factory=list)
    silent: list[tuple[float, float]] = msgspec.field(default_factory=list)
    changes: list[float] = msgspec.field(default_factory=list)
    sections: list[tuple[float, SectionName]] = msgspec.field(default_factory=list)


class Clip(msgspec.Struct, kw_only=True):
    """Audio and its truth: `samples` float32[n, 2] in -1..1 at `rate` Hz."""

    rate: int
    samples: NDArray[np.float32]
    truth: Truth


def random_for(seed: int, *path: str | int) -> np.random.Generator:
    """Independent randomness for one named purpose: a name gives the same numbers in any order of use."""
    name = "/".join(str(part) for part in (seed, *path)).encode()
    key = int.from_bytes(hashlib.sha256(name).digest()[:16], "big")
    return np.random.Generator(np.random.Philox(key=key))


def merged(times: list[float], gap: float = 0.03) -> list[float]:
    """Ascending times, each at least `gap` seconds after the one kept before it."""
    kept: list[float] = []
    for time in sorted(times):
        if not kept or time - kept[-1] >= gap:
            kept.append(time)
    return kept
