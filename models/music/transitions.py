"""What a DJ, or a fault, does between two pieces: cuts, cross-fades, matched blends, gaps."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd
from typing import cast

import numpy as np
from numpy.typing import NDArray

from models.music.clip import Clip, OnsetClass, Truth, merged
from models.music.club.signals import between, resampled
from models.music.edits import cropped, shifted, varispeed, windowed

CATEGORIES: dict[str, float] = {"dj_change": 0.68, "music_gap": 0.32}
"""Categories and how often each is made."""
Source = Callable[[np.random.Generator], Clip]
_FADED = 0.1
"""Gain of a fader under which a track's onsets no longer count."""


def make(rng: np.random.Generator, category: str, source: Source) -> Clip:
    """Two pieces, or one with a hole, as one clip of 30 to 60 s.

    Args:
        rng: settles everything that `source` does not.
        category: key of `CATEGORIES`.
        source: gives pieces.
    """
    if category == "music_gap":
        return _gap(rng, source)
    first, second = source(rng), source(rng)
    second = _with_rate(second, first.rate)
    kind = rng.random()
    if kind < 0.4:
        return _cut(rng, first, second)
    if kind < 0.75:
        return _cross_fade(rng, first, second)
    return _blend(rng, first, second)


def _with_rate(clip: Clip, rate: int) -> Clip:
    if clip.rate == rate:
        return clip
    common = gcd(rate, clip.rate)
    samples = resampled(clip.samples, rate // common, clip.rate // common)
    whole = Clip(rate=rate, samples=samples, truth=clip.truth)
    return cropped(whole, 0.0, len(samples) / rate)


def _stretch(rng: np.random.Generator, clip: Clip) -> Clip:
    """A part of 16 to 28 s that begins at any phase."""
    length = min(float(rng.uniform(16, 28)), clip.truth.duration)
    start = float(rng.uniform(0, clip.truth.duration - length)) if clip.truth.duration > length else 0.0
    return cropped(clip, start, start + length)


def _cut(rng: np.random.Generator, first: Clip, second: Clip) -> Clip:
    """From one sample to the next."""
    a, b = _stretch(rng, first), _stretch(rng, second)
    instant = len(a.samples) / a.rate
    gain = np.float32(10 ** (rng.uniform(-6, 0) / 20))
    truth = _joined(a.truth, shifted(b.truth, instant), instant, "dj_change")
    truth.changes = sorted({*a.truth.changes, instant, *(t + instant for t in b.truth.changes[1:])})
    return Clip(rate=a.rate, samples=np.concatenate((a.samples, gain * b.samples)), truth=truth)


def _cross_fade(rng: np.random.Generator, first: Clip, second: Clip) -> Clip:
    """Two tracks at their own tempi and phases for 4 to 10 s: nobody can say which beat counts."""
    a, b = _stretch(rng, first), _stretch(rng, second)
    return _overlapped(a, b, float(rng.uniform(4, 10)), rng.random() < 0.6, matched=False)


def _blend(rng: np.random.Generator, first: Clip, second: Clip) -> Clip:
    """Beat-matched: the second runs at the first's tempo, bars upon bars.

    Pieces of changing or far apart tempi are cut or cross-faded instead.
    """
    a, b = _stretch(rng, first), second
    if not (_steady(a.truth) and _steady(b.truth)) or a.truth.beats_per_bar != b.truth.beats_per_bar:
        return _cross_fade(rng, first, second)
    factor = a.truth.tempo[0][2] / b.truth.tempo[0][2]
    if not 0.86 < factor < 1.16:
        return _cut(rng, first, second)
    b = varispeed(b, factor)
    starts = [t for t in a.truth.downbeats if 8 < t < a.truth.duration - 4]
    bars = [t for t in b.truth.downbeats if t < b.truth.duration - 16]
    if not starts or not bars:
        return _cross_fade(rng, first, second)
    begin = float(rng.choice(bars))
    b = cropped(b, begin, min(begin + 28.0, b.truth.duration))
    start = float(rng.choice(starts))
    return _overlapped(a, b, a.truth.duration - start, True, matched=True)


def _steady(truth: Truth) -> bool:
    return (
        len(truth.tempo) == 1
        and abs(truth.tempo[0][2] - truth.tempo[0][3]) < 1e-6
        and bool(truth.beats_per_bar)
    )


def _overlapped(a: Clip, b: Clip, length: float, smooth: bool, *, matched: bool) -> Clip:
    """`b` faded in over the last `length` seconds of `a`.

    Equal power if `smooth`; otherwise both are at full level half-way.
    """
    rate, fade = a.rate, min(round(length * a.rate), len(a.samples), len(b.samples))
    start = len(a.samples) - fade
    ramp = np.linspace(0, 1, fade)
    rising = np.sin(0.5 * np.pi * ramp) if smooth else np.minimum(2 * ramp, 1.0)
    falling = rising[::-1]
    samples = np.zeros((start + len(b.samples), 2), dtype=np.float32)
    samples[: len(a.samples)] = a.samples
    samples[start : len(a.samples)] *= falling[:, None].astype(np.float32)
    later = b.samples.copy()
    later[:fade] *= rising[:, None].astype(np.float32)
    samples[start:] += later
    samples *= np.float32(min(1.0, 0.95 / max(float(np.max(np.abs(samples))), 1e-9)))
    opening, end = start / rate, (start + fade) / rate
    middle = 0.5 * (opening + end)
    moved = shifted(b.truth, opening)
    truth = _joined(a.truth, moved, middle, "dj_change")
    audible_until = opening + float(np.sum(falling > _FADED)) / rate
    audible_from = end - float(np.sum(rising > _FADED)) / rate
    _overlay_onsets(truth, a.truth, audible_until, moved, audible_from)
    truth.changes = [t for t in a.truth.changes if t < opening]
    if matched:
        truth.changes += [t for t in moved.changes[1:] if t > end]
    else:
        after = [t for t in moved.beats if t >= end]
        truth.changes += sorted({*after[:1], *(t for t in moved.changes if t > end)})
        truth.mask = sorted([*truth.mask, (opening, end)])
    return Clip(rate=rate, samples=samples, truth=truth)


def _overlay_onsets(truth: Truth, a: Truth, until: float, b: Truth, since: float) -> None:
    """Onsets of both tracks as long as each can be heard."""

    def both(first: list[float], second: list[float]) -> list[float]:
        return sorted([t for t in first if t < until] + [t for t in second if t >= since])

    names = cast(list[OnsetClass], sorted({*a.onsets_by_class, *b.onsets_by_class}))
    truth.onsets_by_class = {
        name: both(a.onsets_by_class.get(name, []), b.onsets_by_class.get(name, [])) for name in names
    }
    truth.onsets = merged(both(a.onsets, b.onsets))
    truth.onsets_dontcare = both(a.onsets_dontcare, b.onsets_dontcare)


def _joined(a: Truth, b: Truth, instant: float, category: str) -> Truth:
    """Truth of `a` before an instant and of `b` (already in the clip's time) from it on."""
    end = b.duration
    head = windowed(a, 0.0, instant)
    tail = shifted(windowed(b, instant, end), instant)
    names = cast(list[OnsetClass], sorted({*head.onsets_by_class, *tail.onsets_by_class}))
    return Truth(
        id="",
        category=category,
        duration=end,
        beats=head.beats + tail.beats,
        downbeats=head.downbeats + tail.downbeats,
        beats_per_bar=a.beats_per_bar if a.beats_per_bar == b.beats_per_bar else 0,
        onsets=merged(head.onsets + tail.onsets),
        onsets_by_class={
            name: head.onsets_by_class.get(name, []) + tail.onsets_by_class.get(name, []) for name in names
        },
        onsets_dontcare=head.onsets_dontcare + tail.onsets_dontcare,
        tempo=head.tempo + tail.tempo,
        mask=head.mask + tail.mask,
        silent=head.silent + tail.silent,
        changes=head.changes + tail.changes,
        sections=head.sections + tail.sections,
    )


def _gap(rng: np.random.Generator, source: Source) -> Clip:
    """The music stops; after 5 to 12 s of nothing or of a murmuring crowd it, or another piece, goes on."""
    piece = source(rng)
    a, rate = _stretch(rng, piece), piece.rate
    b = _stretch(rng, _with_rate(source(rng), rate) if rng.random() < 0.4 else piece)
    if rng.random() < 0.5 and b.truth.downbeats and b.truth.downbeats[0] < b.truth.duration - 12:
        b = cropped(b, b.truth.downbeats[0], b.truth.duration)
    fade = min(round(rng.choice([0.005, 0.05, 0.3, 1.5]) * rate), len(a.samples) // 2)
    ending = a.samples.copy()
    ending[len(ending) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
    quiet = round(rng.uniform(5, 12) * rate)
    samples = np.concatenate((ending, np.zeros((quiet, 2), dtype=np.float32), b.samples))
    if rng.random() < 0.6:
        samples += _murmur(rng, len(samples), rate)
    stop, again = len(ending) / rate, (len(ending) + quiet) / rate
    moved = shifted(b.truth, again)
    truth = _joined(windowed(a.truth, 0.0, stop), moved, again, "music_gap")
    truth.tempo = [*a.truth.tempo, *moved.tempo]
    truth.mask = sorted([*truth.mask, (stop - fade / rate, max(again - 0.07, stop))])
    truth.silent = [*truth.silent, (min(stop + 2.5, again - 1.0), again - 0.2)]
    truth.changes = [*a.truth.changes, *(moved.changes or moved.beats[:1])]
    if moved.beats and moved.beats[0] not in truth.changes:
        truth.changes = sorted({*truth.changes, moved.beats[0]})
    truth.sections = [*a.truth.sections, (stop, "calm"), *moved.sections]
    return Clip(rate=rate, samples=samples, truth=truth)


def _murmur(rng: np.random.Generator, samples: int, rate: int) -> NDArray[np.float32]:
    """Voices too many to tell apart: band noise that swells and ebbs."""
    noise = rng.standard_normal((samples, 2)).astype(np.float32)
    noise = between(noise.T, 250, rng.uniform(1500, 4000), rate).T
    times = np.arange(0, samples / rate + 1, 0.4)
    swell = np.interp(np.arange(samples) / rate, times, np.exp(rng.normal(0, 0.35, len(times))))
    level = 10 ** (rng.uniform(-60, -26) / 20)
    return (noise * (level * swell)[:, None]).astype(np.float32)
