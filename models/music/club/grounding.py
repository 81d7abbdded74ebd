"""Evidence of the beat: what every piece must give a listener, however much of it lies off the beat.

A loop whose hits are all between the beats has no beat that anybody could know. Music gives it away: a snare
on the second and fourth beat, a bass that takes the new root on the first, chords that change there, hats
that stress beats. Each piece has some *grounded* parts that do one of these; besides, their patterns may be
as syncopated as ever.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.music.club.arrangement import Span
from models.music.club.style import Style

_OFTEN = {
    "bass": 0.6, "chord": 0.45, "arp": 0.6, "clap": 0.75, "snare": 0.75, "hat": 0.3, "perc0": 0.25,
    "ride": 0.5,
}  # fmt: skip
"""Chance that a part is grounded of its own accord."""
_FIRST_CHOICE = ("bass", "clap", "snare", "chord", "arp", "perc0", "ride", "hat", "shaker", "perc1", "open")
"""Which part becomes grounded where a passage tells too little."""
_ENOUGH = (2, 3, 3)
"""Grounded parts that a passage has, one number a piece; with fewer parts all of them are grounded."""


class Grounding(NamedTuple):
    """What tells the beat of a piece.

    Attributes:
        roles: parts that are grounded.
        untold: numbers of the spans from which the beat cannot be known.
    """

    roles: frozenset[str]
    untold: frozenset[int]


def ground(rng: np.random.Generator, style: Style, spans: list[Span]) -> Grounding:
    """Chooses the parts that tell the beat, so that every span but an introduction has enough of them."""
    roles = {role for role, chance in _OFTEN.items() if rng.random() < chance}
    enough = int(rng.choice(_ENOUGH))
    first = style.kicks[0]
    kick = enough if all(first[k] != "." for k in range(0, len(first), style.steps)) else 1
    untold: set[int] = set()
    for number, span in enumerate(spans):
        able = [role for role in _FIRST_CHOICE if role in span.parts]
        needed = min(enough, len(able) + kick * ("kick" in span.parts))
        told = _told(span, roles, kick)
        if not number and len(spans) > 1 and span.bars <= 4 and not told and rng.random() < 0.5:
            untold.add(number)  # an ambiguous introduction, as there are many; what follows resolves it
            continue
        for role in able:
            if _told(span, roles, kick) >= needed:
                break
            roles.add(role)
        if not _told(span, roles, kick):
            untold.add(number)
    return Grounding(frozenset(roles), frozenset(untold))


def _told(span: Span, roles: set[str], kick: int) -> int:
    stated = len(span.parts & roles & frozenset(_FIRST_CHOICE))
    return stated + kick * ("kick" in span.parts) + ("roll" in span.parts)


def grounded(rng: np.random.Generator, text: str, role: str, style: Style) -> str:
    """The pattern of a part with the hits that tell the beat put in, each bar of it.

    Args:
        rng: decides whether hats keep to beats or only stress them.
        text: pattern of whole bars.
        role: the part it is for.
        style: its metre and backbeat.
    """
    width = style.bar * style.steps
    marks = list(text + "." * (-len(text) % width))
    for start in range(0, len(marks), width):
        if role in ("clap", "snare"):
            stressed = [k for k in range(width) if style.backbeat[k % len(style.backbeat)] == "X"]
            marks[start] = "." if marks[start] == "X" else marks[start]
        elif role in ("hat", "shaker", "ride", "open", "perc0", "perc1"):
            stressed = list(range(0, width, style.steps))
            for k in range(width):  # what lies between is softer than the beats
                if k % style.steps and marks[start + k] == "X":
                    marks[start + k] = "x"
            marks[start + width - 1] = "." if rng.random() < 0.2 else marks[start + width - 1]
        else:
            stressed = [0]
        for k in stressed:
            marks[start + k] = "X"
    return "".join(marks)
