"""What the channels of our DMX block mean: one table for packing and for the operator guide. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias, get_args

from dsp.snapshot import Section

SECTIONS: tuple[str, ...] = get_args(Section)
SECTION_STEP = 36
Rgb: TypeAlias = tuple[int, int, int]


class Moment(NamedTuple):
    """All that channels are made of.

    Attributes:
        heard: the snapshot.
        colour: of what is on screen.
        blackout: black is shown.
    """

    heard: Mapping[str, Any]
    colour: Rgb
    blackout: bool


class Channel(NamedTuple):
    """One channel: its name, what it says, and its value, 0 to 255."""

    name: str
    what: str
    value: Callable[[Moment], int]


def scaled(value: float) -> int:
    """0..1 as 0 to 255, clamped; what is no number is 0."""
    return int(min(value, 1.0) * 255.0 + 0.5) if value > 0.0 else 0


def colour_of(ident: str) -> Rgb:
    """The colour that belongs to a picture: a hue out of its name, so it is the same each night.

    It is not the colour of the picture, which no pack knows. Full and bright; black for no picture.
    """
    if not ident:
        return 0, 0, 0
    hue = int.from_bytes(hashlib.sha256(ident.encode()).digest()[:2]) * 6 * 255 // 65536
    ring, part = divmod(hue, 255)
    rise, fall = part, 255 - part
    return ((255, rise, 0), (fall, 255, 0), (0, 255, rise), (0, fall, 255), (rise, 0, 255), (255, 0, fall))[
        ring
    ]


def _level(key: str) -> Callable[[Moment], int]:
    return lambda moment: scaled(moment.heard[key])


def _flag(key: str) -> Callable[[Moment], int]:
    return lambda moment: 255 * bool(moment.heard[key])


def _light(index: int) -> Callable[[Moment], int]:
    return lambda moment: 0 if moment.blackout else moment.colour[index]


CHANNELS: tuple[Channel, ...] = (
    Channel("energy", "energy, as pictures follow it", _level("energy01")),
    Channel("bass", "bass", _level("bass01")),
    Channel("mid", "middle", _level("mid01")),
    Channel("high", "treble", _level("high01")),
    Channel("rms", "loudness", _level("rms01")),
    Channel("accent", "accents", _level("accent01")),
    Channel("pulse", "255 at a beat, falling until the next", _level("beatPulse01")),
    Channel("beat", "counts beats: one more at each, 0 after 255", lambda m: int(m.heard["beatCount"]) % 256),
    Channel("bar", "place in the bar, 0 at its first beat", _level("barPhase01")),
    Channel("trusted", "255 while the beat is trusted", _flag("beatTrusted")),
    Channel("tempo", "BPM, 255 at most; 0 when unknown", lambda m: min(int(m.heard["tempoBpm"] + 0.5), 255)),
    Channel(
        "section",
        ", ".join(f"{SECTION_STEP * number} {name}" for number, name in enumerate(SECTIONS)),
        lambda moment: SECTION_STEP * SECTIONS.index(moment.heard["section"]),
    ),
    Channel("build-up", "how far a build-up has come", _level("buildup01")),
    Channel("red", "red of the colour that belongs to what is shown; 0 in a blackout", _light(0)),
    Channel("green", "green of it", _light(1)),
    Channel("blue", "blue of it", _light(2)),
    Channel("blackout", "255 while black is shown", lambda moment: 255 * moment.blackout),
)


def values(moment: Moment) -> bytes:
    """All channels, in order."""
    return bytes(channel.value(moment) for channel in CHANNELS)
