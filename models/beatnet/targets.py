"""What the network should say of a clip, frame by frame, and how much each frame counts.

Conventions: a window shows frames 0, 1, ... of a clip from `start` frames on, played `stretch` times as fast;
its frame j ends `(start + (j + 1) * stretch) / 100` seconds into the clip.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from dsp.frames import FRAME_RATE
from dsp.network import HEADS, POINTS, REACH, TEMPO_BINS
from models.music.clip import OnsetClass, Truth

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Bools = NDArray[np.bool_]
Span = tuple[float, float]

DELAYS = (4, 4, 1, 1, 1, 1, 0, 0, 0, 0)
"""Frames by which each head may lag. Beats are announced from a prediction, so waiting 40 ms for the sound
to unfold costs nothing; onsets are reported as they come."""
TEMPO = tuple(float(bpm) for bpm in 55.0 * 4.0 ** (np.arange(TEMPO_BINS) / (TEMPO_BINS - 1)))
"""Beats per minute of the tempo bins: 55 to 220, 3 % apart."""
UNSURE_S = 1.5
"""After a start or change nobody can know the beat yet."""
UNSURE_WEIGHT = 0.3
BREAKDOWN_WEIGHT = 0.2
"""In a breakdown the beat goes on, but often cannot be heard."""
DROP_S = 8.0
PHASES = 12
"""Sectors of the way from beat to beat, which training asks for besides the heads that run live: to tell an
on-beat from an off-beat at every frame, not only where a beat is, takes what the beat head needs too."""
PLACES = 4
"""Beats of a bar that training asks to be told apart, likewise."""
LONGEST_BEAT_S = 1.25
"""Beats further apart have a gap between them, in which there is no phase."""
SLOW_ATTACK_S = 0.05
"""Either side of a note with slow attack, an onset is neither asked for nor punished."""


class Targets(NamedTuple):
    """Targets of a window of n frames.

    Attributes:
        values: float32[n, len(HEADS)], 0..1.
        weights: float32[n, len(HEADS)], 0..1.
        tempo: float32[n, TEMPO_BINS], probabilities; zero where the weight is.
        tempo_weights: float32[n], 0..1.
        phase: float32[n, PHASES], probabilities of where between two beats the frame is, as late as the beat
            head; zero where the weight is.
        phase_weights: float32[n], 0..1.
        place: float32[n, PLACES], 1 at the beat of the bar, counted from 0; zero where the weight is.
        place_weights: float32[n], 0..1.
    """

    values: Float32
    weights: Float32
    tempo: Float32
    tempo_weights: Float32
    phase: Float32
    phase_weights: Float32
    place: Float32
    place_weights: Float32


def targets_of(truth: Truth, frames: int, start: int = 0, stretch: float = 1.0) -> Targets:
    """Targets and weights of one window, before which the network heard nothing of the clip.

    Args:
        truth: of the clip.
        frames: length of the window.
        start: frames of the clip before the window.
        stretch: of the clip's time that passes in a frame; above 1 the music is faster.
    """
    seconds = (start + np.arange(1, frames + 1) * stretch) / FRAME_RATE
    values = np.zeros((frames, len(HEADS)), dtype=np.float32)
    weights = np.ones((frames, len(HEADS)), dtype=np.float32)
    for head, name in enumerate(HEADS[:POINTS]):
        frame = np.array(instants(truth, name), dtype=np.float64) * FRAME_RATE
        place_instants(values[:, head], (frame - start) / stretch + DELAYS[head] - 1.0)
    for head, state in enumerate(_states(truth, seconds), POINTS):
        values[:, head] = state

    beats = _beat_weights(truth, seconds)
    weights[:, 0] = beats
    weights[:, 1] = beats if truth.downbeats or not truth.beats else 0.0
    near = _within(seconds, [(t - SLOW_ATTACK_S, t + SLOW_ATTACK_S) for t in truth.onsets_dontcare])
    weights[near & (values[:, 2] == 0.0), 2] = 0.0
    if truth.onsets and not truth.onsets_by_class:
        weights[:, 3:POINTS] = 0.0
    if truth.beats and not truth.sections:
        weights[:, POINTS + 1 :] = 0.0
    tempo, known = _tempo(truth, seconds, stretch)
    counted = beats * ~_within(seconds, truth.silent)
    phase, place = _phase_and_place(truth, seconds - DELAYS[0] * stretch / FRAME_RATE, counted)
    return Targets(values, weights, tempo, (beats * known).astype(np.float32), *phase, *place)


def instants(truth: Truth, head: str) -> list[float]:
    """Times of the instants that a head is to show, seconds."""
    whole = {"beat": truth.beats, "downbeat": truth.downbeats, "onset": truth.onsets}
    return whole[head] if head in whole else truth.onsets_by_class.get(cast(OnsetClass, head), [])


def place_instants(column: Float32, positions: Float64) -> None:
    """Write `1 - |k - p| / REACH` around each real position p into float32[n]; the larger value stays."""
    first = np.floor(positions).astype(np.int64)
    for offset in range(-1, 3):
        index = first + offset
        value = 1.0 - np.abs(index - positions) / REACH
        inside = (index >= 0) & (index < len(column)) & (value > 0.0)
        np.maximum.at(column, index[inside], value[inside].astype(np.float32))


def _states(truth: Truth, seconds: Float64) -> tuple[Bools, ...]:
    """Music, breakdown, build, drop."""
    spans: dict[str, list[Span]] = {"breakdown": [], "build": [], "drop": []}
    for name, start, end in _sections(truth):
        if name in spans:
            spans[name].append((start, min(end, start + DROP_S) if name == "drop" else end))
    begins = truth.sections[0][0] if truth.sections else 0.0
    music = (seconds >= begins) & ~_within(seconds, truth.silent) & bool(truth.beats)
    return (music, *(_within(seconds, spans[name]) for name in ("breakdown", "build", "drop")))


def _beat_weights(truth: Truth, seconds: Float64) -> Float64:
    """How much beats count: little where nobody can know them, nothing where they are not judged."""
    weights = np.ones(len(seconds))
    if truth.beats:
        changes = [float(seconds[0]), *truth.changes]
        weights[_within(seconds, [(t, t + UNSURE_S) for t in changes])] = UNSURE_WEIGHT
    quiet = _within(seconds, [(start, end) for name, start, end in _sections(truth) if name == "breakdown"])
    masked = _within(seconds, truth.mask)
    weights[masked & quiet] = BREAKDOWN_WEIGHT
    # That a gap has no beats is asked for, though nobody judges where they would be.
    weights[masked & ~quiet & ~_within(seconds, truth.silent)] = 0.0
    return weights


def _sections(truth: Truth) -> list[tuple[str, float, float]]:
    """Name, start and end of each section."""
    starts = [start for start, _ in truth.sections]
    ends = [*starts[1:], truth.duration]
    return [(name, start, end) for (start, name), end in zip(truth.sections, ends, strict=False)]


def _tempo(truth: Truth, seconds: Float64, stretch: float) -> tuple[Float32, Float64]:
    """Tempo shared between the two nearest bins, so that the mean is exact, and where it is known."""
    target = np.zeros((len(seconds), TEMPO_BINS), dtype=np.float32)
    known = np.zeros(len(seconds))
    ratio = np.log(TEMPO[1] / TEMPO[0])
    for start, end, first, last in truth.tempo:
        rows = np.flatnonzero((seconds >= start) & (seconds < end))
        if not truth.beats or len(rows) == 0:
            continue
        bpm = (first + (last - first) * (seconds[rows] - start) / (end - start)) * stretch
        position = np.log(bpm / TEMPO[0]) / ratio
        inside = (position >= 0.0) & (position <= TEMPO_BINS - 1)
        rows, position = rows[inside], position[inside]
        low = np.minimum(position.astype(np.int64), TEMPO_BINS - 2)
        target[rows] = 0.0
        target[rows, low] = 1.0 - (position - low)
        target[rows, low + 1] = position - low
        known[rows] = 1.0
    return target, known


def _phase_and_place(
    truth: Truth, seconds: Float64, counted: Float64
) -> tuple[tuple[Float32, Float32], tuple[Float32, Float32]]:
    """Where in the beat and in the bar the frames are, each with what it counts, as in `Targets`.

    Args:
        truth: of the clip.
        seconds: times whose phase is asked for.
        counted: float64[n], how much beats count at these frames.
    """
    beats = np.array(truth.beats)
    phase = np.zeros((len(seconds), PHASES), dtype=np.float32)
    place = np.zeros((len(seconds), PLACES), dtype=np.float32)
    last = np.searchsorted(beats, seconds, side="right") - 1
    rows = np.flatnonzero((last >= 0) & (last < len(beats) - 1) & (counted > 0.0))
    last = last[rows]
    gap = beats[last + 1] - beats[last] if len(rows) else np.zeros(0)
    rows, last, gap = (array[gap <= LONGEST_BEAT_S] for array in (rows, last, gap))
    known = np.zeros(len(seconds), dtype=np.float32)
    known[rows] = counted[rows]

    sector = (seconds[rows] - beats[last]) / gap * PHASES
    low = np.minimum(sector.astype(np.int64), PHASES - 1)
    phase[rows, low] = 1.0 - (sector - low)
    phase[rows, (low + 1) % PHASES] = sector - low

    barred = np.zeros(len(seconds), dtype=np.float32)
    if truth.downbeats and 2 < truth.beats_per_bar <= PLACES:
        ones = np.searchsorted(beats, np.array(truth.downbeats) - 1e-3)
        bar = np.searchsorted(ones, last, side="right") - 1
        beat = last - ones[np.maximum(bar, 0)]
        told = (bar >= 0) & (beat < truth.beats_per_bar)
        place[rows[told], beat[told]] = 1.0
        barred[rows[told]] = known[rows[told]]
    return (phase, known), (place, barred)


def _within(seconds: Float64, spans: list[Span]) -> Bools:
    """Which of the ascending times lie in any of the spans."""
    inside = np.zeros(len(seconds), dtype=bool)
    for start, end in spans:
        inside[np.searchsorted(seconds, start) : np.searchsorted(seconds, end)] = True
    return inside
