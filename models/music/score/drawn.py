"""Styles of drawn patterns: more variety than anyone writes down, with the metre in the odds of each step.

How likely a step carries a note follows what is common to popular music: bass drum and chord changes on
strong beats, snare on the even beats, hats as a pulse, off-beats less often than beats.
"""

from __future__ import annotations

import numpy as np

from models.music.score.styles import (
    BASSES,
    BRASS,
    GUITARS,
    LEADS,
    MALLETS,
    ORGANS,
    PIANOS,
    PIPES,
    PLUCKED,
    REEDS,
    STRINGS,
    SYNTH_BASSES,
    Comping,
    Style,
)


def _drawn(rng: np.random.Generator, odds: list[float], symbol: str = "x") -> str:
    return "".join(symbol if rng.random() < chance else "." for chance in odds)


def _metric(beats: int, division: int, weights: tuple[float, float, float]) -> list[float]:
    """Odds of each step: on beats, halfway between, elsewhere."""
    odds = []
    for step in range(beats * division):
        inside = step % division
        odds.append(weights[0] if inside == 0 else weights[1] if 2 * inside == division else weights[2])
    return odds


def _drums(rng: np.random.Generator, beats: int, division: int) -> dict[str, str]:
    kick = _metric(beats, division, (0.25, 0.3, 0.08))
    kick[0] = 0.97
    if beats == 4:
        kick[2 * division] = 0.5
    snare = [0.04 if step % division else 0.02 for step in range(beats * division)]
    for beat in (1, 3) if beats == 4 else (1, 2) if beats == 3 and rng.random() < 0.7 else (beats - 1,):
        snare[beat * division] = 0.96
    kit = {"k": _drawn(rng, kick)}
    if rng.random() < 0.8:
        kit[str(rng.choice(("s", "s", "s", "c", "r")))] = _drawn(rng, snare)
    if rng.random() < 0.12:  # a drum and nothing to keep time
        return kit
    pulse = str(rng.choice(("h", "h", "d", "a", "m", "o")))
    density = [(0.95, 0.95, 0.02), (0.98, 0.98, 0.95), (0.97, 0.1, 0.02), (0.1, 0.95, 0.02)]
    kit[pulse] = _drawn(
        rng, _metric(beats, division, density[int(rng.choice(4, p=(0.45, 0.25, 0.15, 0.15)))])
    )
    if rng.random() < 0.3:
        kit[str(rng.choice(list("wyvgAq")))] = _drawn(rng, _metric(beats, division, (0.3, 0.35, 0.15)))
    return kit


def _bass(rng: np.random.Generator, kick: str, beats: int, division: int) -> str:
    """A bar that starts on the root, follows the bass drum more or less, and moves by chord tones."""
    odds = _metric(beats, division, (0.5, 0.3, 0.08))
    follows = rng.random() < 0.6
    symbols: list[str] = []
    for step, chance in enumerate(odds):
        on = kick[step] == "x" if follows else rng.random() < chance
        if step == 0:
            symbols.append("r")
        elif on:
            symbols.append(str(rng.choice(list("rrr53ol"))))
        else:
            symbols.append("-" if rng.random() < 0.7 else ".")
    return "".join(symbols)


def _comping(rng: np.random.Generator, beats: int, division: int) -> Comping:
    programs = (PIANOS, GUITARS, ORGANS, MALLETS, PLUCKED, BRASS)[int(rng.integers(6))]
    kind = rng.random()
    if kind < 0.3:  # a broken chord
        cell = "".join(str(rng.integers(1, 6)) for _ in range(int(rng.choice((division, 2 * division, 4)))))
        bar = (cell * beats * division)[: beats * division]
        return Comping(programs, (bar,))
    if kind < 0.5:  # off-beat chords
        odds = _metric(beats, division, (0.05, 0.9, 0.05))
    elif kind < 0.75:
        odds = _metric(beats, division, (0.75, 0.4, 0.12))
    else:  # syncopated, the first beat more likely than others
        odds = _metric(beats, division, (0.3, 0.35, 0.25))
    odds[0] = max(odds[0], 0.6 if kind >= 0.5 else odds[0])
    hits = _drawn(rng, odds, "x" if rng.random() < 0.6 else "X").replace(
        ".", "-" if rng.random() < 0.3 else "."
    )
    return Comping(programs, (hits,))


def generated_style(rng: np.random.Generator) -> Style:
    """A style of its own: metre, tempo, patterns and instruments are drawn."""
    beats = int(rng.choice((4, 4, 4, 4, 3, 2)))
    division = int(rng.choice((2, 4, 4, 3), p=(0.35, 0.25, 0.25, 0.15)))
    tempo = (70.0, 176.0) if division == 2 else (62.0, 128.0)
    kits = tuple(_drums(rng, beats, division) for _ in range(2)) if rng.random() < 0.75 else ({},)
    if not kits[0] and division == 2:
        tempo = (84.0, 150.0)  # beyond, drawn eighths without drums are as well heard at another level
    kick = kits[0].get("k", "x" + "." * (beats * division - 1))
    swing = (0.55, 0.68) if division == 2 and rng.random() < 0.2 else (0.5, 0.5)
    return Style(
        name="drawn",
        tempo=tempo,
        beats=beats,
        division=division,
        swing=swing,
        drums=kits,
        bass=tuple(_bass(rng, kick, beats, division) for _ in range(2)),
        bass_programs=BASSES + SYNTH_BASSES,
        comping=(
            _comping(rng, beats, division),
            _comping(rng, beats, division),
            Comping(STRINGS, ("X" + "-" * (beats * division - 1),)),
        ),
        lead=PIPES + REEDS + LEADS + PIANOS + BRASS,
        busy=float(rng.uniform(0.2, 0.6)),
        syncopation=float(rng.uniform(0.0, 0.45)),
        scales=("major", "minor", "dorian", "mixolydian", "blues"),
        progressions=(
            " ".join(("1", *(str(rng.integers(1, 8)) for _ in range(int(rng.choice((1, 3, 3, 7))))))),
        ),
        sevenths=rng.random() < 0.25,
        anticipate=float(rng.choice((0.0, 0.3, 0.7))),
    )
