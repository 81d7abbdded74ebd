"""What pieces of one style of club music have in common."""

from __future__ import annotations

import msgspec

from models.music.club.templates import BACKBEATS, EVEN_BASS, EVEN_HATS, OFF_BASS, OFF_HATS, STABS, TRESILLO


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """What pieces of one style have in common.

    Attributes:
        name: of the style.
        bpm: range of the tempo that a listener taps.
        kicks, snares, hats: drum templates.
        backbeat: where the snare lies by convention; the fallback where a piece tells its metre too poorly.
        basses, stabs: templates of the pitched parts.
        steps: steps a beat of the drum templates.
        swing: range of the ratio of the first note of a pair (0.5 straight).
        pairs: beats that such a pair may last.
        bar: beats a bar.
        drop, ghost: how far patterns are mutated.
        loud_offbeat: chance that parts off the beat are mixed louder than those on it.
    """

    name: str
    bpm: tuple[float, float]
    kicks: tuple[str, ...]
    snares: tuple[str, ...] = BACKBEATS
    backbeat: str = "....X.......X..."
    hats: tuple[str, ...] = (*OFF_HATS, *EVEN_HATS)
    basses: tuple[str, ...] = ("walk", "euclid", *OFF_BASS, *EVEN_BASS, *TRESILLO)
    stabs: tuple[str, ...] = ("walk", "euclid", *STABS)
    steps: int = 4
    swing: tuple[float, float] = (0.5, 0.5)
    pairs: tuple[float, ...] = (0.5,)
    bar: int = 4
    drop: float = 0.04
    ghost: float = 0.03
    loud_offbeat: float = 0.2
