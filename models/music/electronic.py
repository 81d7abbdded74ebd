"""Electronic club music with exact truth: style, form, parts, instruments, mix."""

from __future__ import annotations

import numpy as np

from models.errors import ModelsError
from models.music.clip import Clip, Split, Truth, merged
from models.music.club import arrangement, pulse
from models.music.club.arrangement import Span
from models.music.club.grounding import ground
from models.music.club.mixdown import Heard, mix
from models.music.club.piece import Piece
from models.music.club.style import Style
from models.music.club.styles import STYLES
from models.music.club.timeline import Timeline
from models.music.edits import cropped

CATEGORIES: dict[str, float] = {
    "four_floor": 0.1,
    "plain": 0.12,
    "swing": 0.16,
    "syncopated": 0.12,
    "halftime_dnb": 0.1,
    "breakbeat": 0.07,
    "slow": 0.06,
    "three": 0.06,
    "sparse": 0.05,
    "pulse": 0.04,
    "breakdown": 0.06,
    "tempo_ramp": 0.03,
    "live": 0.03,
}
"""Categories and how often each is made. DJ changes and gaps are put together from these in `transitions`."""
_MIXED = {
    "four_floor": 0.3,
    "plain": 0.2,
    "swing": 0.12,
    "syncopated": 0.15,
    "halftime_dnb": 0.08,
    "breakbeat": 0.08,
    "slow": 0.07,
}
"""Styles in the categories that are defined by their form."""


def make(rng: np.random.Generator, split: Split, category: str) -> Clip:
    """A piece of 30 to 60 s, dry, its peak at -1 dBFS.

    Args:
        rng: settles everything.
        split: families that may be used.
        category: key of `CATEGORIES`.

    Raises:
        ModelsError: the category is unknown.
    """
    if category not in CATEGORIES:
        raise ModelsError(
            f"no category {category!r} of electronic music",
            where="models.music.electronic",
            fix=f"use one of {', '.join(CATEGORIES)}",
        )
    if category == "pulse":
        return pulse.make(rng, split)
    rate = 48000 if rng.random() < 0.2 else 44100
    style = _style(rng, category)
    seconds = float(rng.uniform(30, 60) if category != "breakdown" else rng.uniform(42, 64))
    bpm = float(rng.uniform(*style.bpm))
    lead_in = float(rng.uniform(0.05, 1.3))
    timeline = _timeline(rng, category, bpm, seconds, lead_in)
    bars = max(int(seconds * bpm / 60 / style.bar) + 2, 4)
    spans = _form(rng, category, bars, style.bar * 60 / bpm)
    grounding = ground(rng, style, spans)
    human = category == "live" or rng.random() < 0.1
    piece = Piece(rng, split, style, spans, timeline, rate, human=human, tells=grounding.roles)
    samples = int(seconds * rate)
    audio, heard = mix(rng, piece.tracks(), piece.sweeps(), piece.bed(samples), samples, rate)
    truth = _truth(category, style, spans, grounding.untold, timeline, heard, samples / rate)
    clip = Clip(rate=rate, samples=np.ascontiguousarray(audio.T), truth=truth)
    if rng.random() < 0.3:
        start = float(rng.uniform(0, 4 * 60 / bpm))
        clip = cropped(clip, start, clip.truth.duration)
    return clip


def _style(rng: np.random.Generator, category: str) -> Style:
    if category not in STYLES:
        sources = dict(_MIXED)
        category = str(rng.choice(list(sources), p=list(sources.values())))
    return STYLES[category][int(rng.integers(len(STYLES[category])))]


def _timeline(rng: np.random.Generator, category: str, bpm: float, seconds: float, origin: float) -> Timeline:
    if category == "tempo_ramp":
        last = bpm * (1 + rng.uniform(0.03, 0.15) * rng.choice([-1, 1]))
        length = float(rng.uniform(10, min(30, seconds - 12)))
        return Timeline.ramp(bpm, float(last), float(rng.uniform(6, seconds - length - 4)), length, origin)
    if category == "live":
        return Timeline.drift(rng, bpm, float(rng.uniform(0.005, 0.03)), seconds, origin)
    return Timeline.steady(round(bpm, int(rng.choice([0, 0, 1, 2]))), origin)


def _form(rng: np.random.Generator, category: str, bars: int, bar_seconds: float) -> list[Span]:
    if category == "sparse":
        return arrangement.sparse(rng, bars)
    parts = arrangement.drum_set(rng) if category == "plain" else arrangement.cast(rng)
    if category == "breakdown":
        return arrangement.breakdown(rng, parts, bars, bar_seconds)
    return arrangement.groove(rng, parts, bars)


def _truth(
    category: str,
    style: Style,
    spans: list[Span],
    untold: frozenset[int],
    timeline: Timeline,
    heard: list[Heard],
    duration: float,
) -> Truth:
    """Truth of a whole piece: beats through everything, masks where nothing tells the beat."""
    width = style.bar
    last = spans[-1].start + spans[-1].bars
    beats = timeline.seconds(np.arange(last * width, dtype=np.float64))
    inside = beats < duration
    edges = timeline.seconds(np.array([float(span.start * width) for span in spans] + [float(last * width)]))
    classes: dict[str, list[float]] = {"kick": [], "clap": [], "hihat": [], "other": []}
    for hit in heard:
        if not hit.dontcare:
            classes[hit.kind].append(hit.time)
    mask, changes = [], [float(beats[0])]
    for k, span in enumerate(spans):
        if k in untold and edges[k] < duration:
            mask.append((float(edges[k]), float(min(edges[k + 1], duration))))
        if k + 1 < len(spans) and edges[k + 1] < duration:
            after = spans[k + 1]
            leaves = k in untold or span.name in ("breakdown", "build")
            if leaves and k + 1 not in untold and after.name not in ("breakdown", "build"):
                changes.append(float(edges[k + 1]))
    return Truth(
        id="",
        category=category,
        duration=duration,
        beats=beats[inside].tolist(),
        downbeats=beats[::width][inside[::width]].tolist(),
        beats_per_bar=width,
        onsets=merged([time for times in classes.values() for time in times]),
        onsets_by_class={name: sorted(times) for name, times in classes.items()},  # type: ignore[misc]
        onsets_dontcare=sorted(hit.time for hit in heard if hit.dontcare),
        tempo=timeline.tempo(duration),
        mask=mask,
        changes=changes,
        sections=[
            (float(edges[k]), span.name)
            for k, span in enumerate(spans)
            if edges[k] < duration and (k == 0 or spans[k - 1].name != span.name)
        ],
    )
