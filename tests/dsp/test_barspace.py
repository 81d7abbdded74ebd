"""Hypotheses: the right one wins from exact evidence, and every other one stays possible."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.barspace import BarSpace, Chances, Reading
from dsp.kernels.barspace import advance


def evidence(times: np.ndarray, frames: int) -> np.ndarray:
    """Activations as the network aims at: a triangle of one and a half frames around each instant."""
    out = np.full(frames, 0.01)
    for at in times:
        for k in range(max(0, int(at) - 2), min(frames, int(at) + 3)):
            out[k] = max(out[k], 0.9 * (1.0 - abs(k - at) / 1.5))
    return out


def hear(space: BarSpace, beats: np.ndarray, downbeats: np.ndarray, frames: int) -> Reading:
    beat, downbeat = evidence(beats, frames), evidence(downbeats, frames)
    for k in range(frames):
        space.step(beat[k], min(downbeat[k], beat[k]))
    return space.read()


def phase_error(reading: Reading, beats: np.ndarray, frames: int) -> float:
    """In frames, at the last frame heard."""
    period = beats[1] - beats[0]
    error = (frames - 1 - beats[0]) / period - reading.phase01
    return float(((error + 0.5) % 1.0 - 0.5) * period)


@pytest.mark.parametrize("metre", [3, 4])
@pytest.mark.parametrize("bpm", [58.0, 77.3, 100.0, 123.4, 150.0, 174.6, 199.0])
def test_finds_tempo_phase_and_bar(bpm, metre):
    space = BarSpace(56, 200, Chances())
    period = 6000.0 / bpm
    frames = int(17 * period)
    beats = 20.3 + period * np.arange(17)
    reading = hear(space, beats, beats[1::metre], frames)
    assert reading.period == pytest.approx(period, rel=0.015)
    assert abs(phase_error(reading, beats, frames)) < 0.7
    fallen = int((frames - 1 - beats[0]) // period)
    assert (reading.beats, reading.place) == (metre, (fallen - 1) % metre)
    assert reading.share > 0.8
    assert reading.bar_share > 0.5


def test_a_new_track_is_found_within_five_beats():
    space = BarSpace(56, 200, Chances())
    old = 10 + 48.0 * np.arange(40)
    hear(space, old, old[::4], 1900)
    new = 7 + 41.5 * np.arange(6)
    reading = hear(space, new, new[::4], 215)
    assert reading.period == pytest.approx(41.5, rel=0.02)
    assert abs(phase_error(reading, new, 215)) < 1.5


def test_evidence_for_the_off_beat_turns_the_phase():
    space = BarSpace(56, 200, Chances())
    period = 50.0
    first = hear(space, 10 + period * np.arange(30), np.zeros(0), 1500)
    turned = 35 + period * np.arange(12)
    second = hear(space, turned, np.zeros(0), 600)
    assert first.share > 0.8
    assert second.period == pytest.approx(period, rel=0.01)
    assert abs(phase_error(second, turned, 600)) < 1.0


def test_without_evidence_nothing_is_sure():
    space = BarSpace(56, 200, Chances())
    reading = hear(space, np.zeros(0), np.zeros(0), 3000)
    assert reading.share < 0.3


def test_sums_kept_up_to_date_are_the_sums():
    space = BarSpace(56, 200, Chances())
    beats = 10 + 47.0 * np.arange(100)
    hear(space, beats, beats[::4], 4700)
    for row, (start, interval, length, _) in enumerate(space._rings.tolist()):
        exact = float(space._mass[start : start + interval * length].astype(np.float64).sum())
        assert space._sums[row] == pytest.approx(exact, rel=1e-3, abs=1e-9 * space._sums.sum())


def test_advance_is_a_hidden_markov_model():
    """Two tempi of 2 and 3 frames a beat in bars of three and four, against the matrix form."""
    intervals, metres = (4, 6), (4, 3)
    rows, start = [], 0
    for beats in metres:
        for index, interval in enumerate(intervals):
            rows.append((start, interval, beats, index))
            start += interval * beats
    rings, rng = np.array(rows, dtype=np.int32), np.random.default_rng(4)
    mass = rng.uniform(size=start).astype(np.float32)
    gain, moves = np.array([0.9, 1.2]), np.array([[0.8, 0.3], [0.2, 0.7]])  # moves[new, old]
    restart, stray = 0.01, 0.05
    step = np.zeros((start, start))
    for first, interval, beats, index in rows:
        for p in range(interval * beats):
            slot, place = divmod(p, interval)
            if place + 2 < interval:
                step[first + p, first + p + 2] = 1.0
                continue
            half = place + 2 - interval
            for new_first, new_interval, new_beats, new_index in rows:
                if new_beats == beats:
                    for new_slot in range(beats):
                        here = (1 - stray) * (new_slot == (slot + 1) % beats) + stray / beats
                        to = new_first + new_slot * new_interval + half
                        step[first + p, to] += gain[index] * moves[new_index, index] * here
    expected = mass.astype(np.float64) @ step
    for first, interval, beats, _ in rows:
        for slot in range(beats):
            expected[first + slot * interval : first + slot * interval + 2] += (
                restart * mass.sum() / (2 * 7 * 2)
            )
    head = np.zeros(4, dtype=np.int32)
    sums = np.array([mass[a : a + b * c].sum() for a, b, c, _ in rows], dtype=np.float64)
    near = np.array([[0, 2], [0, 2]], dtype=np.int32)
    work = np.zeros((2, 4), dtype=np.float32)
    total = advance(
        mass, rings, head, near, moves.astype(np.float32), gain.astype(np.float32), sums, restart, stray, work
    )
    assert total == pytest.approx(expected.sum(), rel=0.2)
    for (first, interval, beats, _), begin in zip(rows, head.tolist(), strict=True):
        length = interval * beats
        moved = np.roll(mass[first : first + length], -begin)
        np.testing.assert_allclose(moved, expected[first : first + length], rtol=1e-5)
    np.testing.assert_allclose(sums, [expected[a : a + b * c].sum() for a, b, c, _ in rows], rtol=1e-5)


def test_a_suggestion_wins_over_what_was_heard():
    space = BarSpace(56, 200, Chances())
    hear(space, 10 + 50.0 * np.arange(20), np.zeros(0), 1000)
    space.suggest(60.0, 0.25)
    reading = space.read()
    assert reading.period == pytest.approx(60.0, rel=0.02)
    assert reading.phase01 == pytest.approx(0.25, abs=0.05)
