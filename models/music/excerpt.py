"""A clip that begins later than it did: music that is on when the listener comes in."""

from __future__ import annotations

import numpy as np

from models.music.clip import Clip, Truth


def without_start(clip: Clip, seconds: float) -> Clip:
    """The clip without its first `seconds` (rounded to a sample), its truth moved along."""
    truth, first = clip.truth, round(seconds * clip.rate)
    start = first / clip.rate

    def kept(times: list[float]) -> list[float]:
        return [time - start for time in times if time >= start]

    def spans(given: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(max(0.0, begin - start), end - start) for begin, end in given if end > start]

    sounding = not any(begin <= start < end for begin, end in truth.silent)
    sections = [(max(0.0, time - start), name) for time, name in truth.sections]
    later = [begin for begin, _ in sections[1:]] + [np.inf]
    moved = Truth(
        id=truth.id,
        category=truth.category,
        duration=truth.duration - start,
        beats=kept(truth.beats),
        downbeats=kept(truth.downbeats),
        beats_per_bar=truth.beats_per_bar,
        onsets=kept(truth.onsets),
        onsets_by_class={name: kept(times) for name, times in truth.onsets_by_class.items()},
        onsets_dontcare=kept(truth.onsets_dontcare),
        tempo=[
            (0.0, end - start, first_bpm + (bpm - first_bpm) * (start - begin) / (end - begin), bpm)
            if begin < start
            else (begin - start, end - start, first_bpm, bpm)
            for begin, end, first_bpm, bpm in truth.tempo
            if end > start
        ],
        mask=spans(truth.mask),
        silent=spans(truth.silent),
        changes=([0.0] if sounding and truth.beats else [])
        + [time for time in kept(truth.changes) if time > 0],
        sections=[section for section, end in zip(sections, later, strict=True) if end > 0.0]
        if sections
        else [],
    )
    return Clip(rate=clip.rate, samples=np.ascontiguousarray(clip.samples[first:]), truth=moved)
