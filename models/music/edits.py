"""Cutting clips: samples and truth together."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from models.music.clip import Clip, SectionName, Truth


def cropped(clip: Clip, start: float, end: float) -> Clip:
    """The part of a clip between two instants; its truth starts anew at 0."""
    first, last = round(start * clip.rate), round(end * clip.rate)
    samples = np.ascontiguousarray(clip.samples[first:last])
    return Clip(
        rate=clip.rate,
        samples=samples,
        truth=windowed(clip.truth, first / clip.rate, first / clip.rate + len(samples) / clip.rate),
    )


def windowed(truth: Truth, start: float, end: float) -> Truth:
    """Truth of the part between two instants, in seconds from its start."""

    def instants(times: Iterable[float]) -> list[float]:
        return [time - start for time in times if start <= time < end]

    def spans(pairs: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(max(a, start) - start, min(b, end) - start) for a, b in pairs if b > start and a < end]

    beats = instants(truth.beats)
    changes = instants(truth.changes)
    if beats and any(change < start for change in truth.changes):
        changes = [beats[0], *(change for change in changes if change > beats[0])]
    before: list[tuple[float, SectionName]] = [section for section in truth.sections if section[0] <= start]
    sections = [(0.0, before[-1][1])] if before else []
    sections += [(time - start, name) for time, name in truth.sections if start < time < end]
    tempo = []
    for a, b, first, last in truth.tempo:
        if b > start and a < end:
            c, d = max(a, start), min(b, end)
            slope = (last - first) / (b - a) if b > a else 0.0
            tempo.append((c - start, d - start, first + slope * (c - a), first + slope * (d - a)))
    return Truth(
        id=truth.id,
        category=truth.category,
        duration=end - start,
        beats=beats,
        downbeats=instants(truth.downbeats),
        beats_per_bar=truth.beats_per_bar,
        onsets=instants(truth.onsets),
        onsets_by_class={name: instants(times) for name, times in truth.onsets_by_class.items()},
        onsets_dontcare=instants(truth.onsets_dontcare),
        tempo=tempo,
        mask=spans(truth.mask),
        silent=spans(truth.silent),
        changes=changes,
        sections=sections,
    )


def shifted(truth: Truth, by: float) -> Truth:
    """The same truth for a clip to which `by` seconds are put in front."""
    return _mapped(truth, lambda time: time + by, 1.0)


def varispeed(clip: Clip, factor: float) -> Clip:
    """Played `factor` times as fast, as a turntable does: tempo and pitch change together."""
    length = int(len(clip.samples) / factor)
    at = np.arange(length) * factor
    grid = np.arange(len(clip.samples))
    samples = np.stack([np.interp(at, grid, channel) for channel in clip.samples.T], axis=1)
    truth = _mapped(clip.truth, lambda time: time / factor, factor)
    return Clip(rate=clip.rate, samples=samples.astype(np.float32), truth=truth)


def _mapped(truth: Truth, move: Callable[[float], float], faster: float) -> Truth:
    """Truth with every instant moved and every tempo multiplied."""
    return Truth(
        id=truth.id,
        category=truth.category,
        duration=move(truth.duration),
        beats=[move(t) for t in truth.beats],
        downbeats=[move(t) for t in truth.downbeats],
        beats_per_bar=truth.beats_per_bar,
        onsets=[move(t) for t in truth.onsets],
        onsets_by_class={name: [move(t) for t in times] for name, times in truth.onsets_by_class.items()},
        onsets_dontcare=[move(t) for t in truth.onsets_dontcare],
        tempo=[(move(a), move(b), first * faster, last * faster) for a, b, first, last in truth.tempo],
        mask=[(move(a), move(b)) for a, b in truth.mask],
        silent=[(move(a), move(b)) for a, b in truth.silent],
        changes=[move(t) for t in truth.changes],
        sections=[(move(t), name) for t, name in truth.sections],
    )
