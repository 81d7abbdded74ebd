"""The tracker on given evidence: beats foretold exactly, through cuts, ramps and breakdowns."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dsp.beats import BeatTracker, Evidence
from dsp.events import Beat
from dsp.settings import DspSettings

RATE, HOP, DELAY_S = 48000, 256, 0.04
NO_TEMPO = np.zeros(0, dtype=np.float32)


def activations(times: np.ndarray, seconds: float) -> np.ndarray:
    """What the network aims at for instants `times` (s): triangles, `DELAY_S` late."""
    frames = int(seconds * 100)
    out = np.full(frames, 0.02)
    for at in 100.0 * (times + DELAY_S) - 1.0:
        for k in range(max(0, int(at) - 2), min(frames, int(at) + 3)):
            out[k] = max(out[k], 0.85 * (1.0 - abs(k - at) / 1.5))
    return out


def track(
    beats: np.ndarray,
    seconds: float,
    *,
    every: int = 4,
    music: np.ndarray | None = None,
    settings: DspSettings | None = None,
) -> tuple[BeatTracker, list[Beat]]:
    """Run over made evidence for `beats` (s), every fourth of them a downbeat."""
    beat, downbeat = activations(beats, seconds), activations(beats[::every], seconds)
    tracker = BeatTracker(settings or DspSettings(), HOP, RATE, DELAY_S)
    said: list[Beat] = []
    frame = 0
    for now in range(HOP, int(seconds * RATE) + 1, HOP):
        end = (frame + 1) * RATE // 100
        evidence = None
        if end <= now and frame < len(beat):
            sure = 1.0 if music is None else float(music[frame])
            evidence = Evidence(beat[frame], min(downbeat[frame], beat[frame]), sure, NO_TEMPO)
            frame += 1
        events = tracker.step(now, True, end, evidence)
        said += [event for event in events if isinstance(event, Beat)]
    return tracker, said


def errors(said: list[Beat], beats: np.ndarray, start: float, end: float) -> np.ndarray:
    """Seconds from each beat said between `start` and `end` to the nearest true one."""
    times = np.array([beat.sample / RATE for beat in said if start <= beat.sample / RATE < end])
    return np.array([beats[np.abs(beats - time).argmin()] - time for time in times])


@pytest.mark.parametrize("bpm", [62.0, 93.0, 128.0, 174.0])
def test_beats_are_foretold_to_the_millisecond(bpm):
    beats = 0.7 + 60.0 / bpm * np.arange(int(26 * bpm / 60))
    tracker, said = track(beats, 24)
    off = errors(said, beats, 8, 23)
    assert len(off) == np.sum((beats >= 8) & (beats < 23))
    assert np.abs(off).max() < 0.005
    assert all(beat.sample - beat.emitted >= 0.05 * RATE for beat in said[1:])
    assert all(later.sample - beat.sample > 0.5 * 60 / bpm * RATE for beat, later in pairwise(said))
    assert [beat.count for beat in said] == list(range(1, len(said) + 1))
    assert tracker.trusted
    assert tracker.bar_trusted
    downbeats = [beat.sample / RATE for beat in said if beat.downbeat and beat.sample > 10 * RATE]
    assert all(np.abs(beats[::4] - time).min() < 0.01 for time in downbeats)


def test_locks_within_four_beats():
    beats = 0.5 + 0.5 * np.arange(30)
    _, said = track(beats, 12)
    assert said[0].sample / RATE < 0.5 + 4.1 * 0.5


def test_bars_of_three():
    beats = 0.5 + 0.45 * np.arange(60)
    tracker, said = track(beats, 25, every=3)
    assert tracker.beats_per_bar == 3
    late = [beat for beat in said if beat.sample > 12 * RATE]
    assert [beat.bar_beat for beat in late] == [(late[0].bar_beat + k) % 3 for k in range(len(late))]


def test_a_cut_is_followed_within_two_seconds():
    old = 0.5 + 0.48 * np.arange(32)
    new = 15.71 + 0.44 * np.arange(30)
    _, said = track(np.concatenate((old[old < 15.5], new)), 27)
    off = errors(said, new, 15.71 + 2.0, 26)
    assert np.abs(off).max() < 0.02


def test_a_ramp_is_followed():
    period = np.concatenate((np.full(20, 0.5), np.linspace(0.5, 0.44, 40), np.full(20, 0.44)))
    beats = 0.5 + np.cumsum(period)
    _, said = track(beats, 38)
    assert np.abs(errors(said, beats, 8, 37)).max() < 0.025


def test_runs_on_through_a_breakdown_and_then_gives_up():
    beats = 0.5 + 0.47 * np.arange(130)
    heard = beats[beats < 20]
    _, said = track(heard, 60, settings=DspSettings(freerun_s=15.0))
    off = errors(said, beats, 20, 34)
    assert len(off) >= 29
    assert np.abs(off).max() < 0.03
    assert not [beat for beat in said if beat.sample > 40 * RATE]
    assert not any(beat.trusted for beat in said if beat.sample > 30 * RATE)


def test_stops_soon_when_it_is_no_music_any_more():
    beats = 0.5 + 0.47 * np.arange(40)
    music = np.where(np.arange(4000) < 2000, 1.0, 0.02)
    _, said = track(beats[beats < 20], 40, music=music)
    assert not [beat for beat in said if beat.sample > 24.5 * RATE]


@pytest.mark.parametrize(
    ("policy", "bpm", "shown"), [("slow", 128, 64), ("fast", 80, 160), ("slow", 90, 90), ("music", 128, 128)]
)
def test_octave_policy(policy, bpm, shown):
    beats = 0.5 + 60 / bpm * np.arange(60)
    tracker, said = track(beats, 20, settings=DspSettings(tempo_octave=policy))
    assert tracker.tempo_bpm == pytest.approx(shown, rel=0.01)
    grid = np.sort(np.concatenate((beats, beats[:-1] + 30 / bpm)))
    assert np.abs(errors(said, grid, 8, 19)).max() < 0.01
    assert len(errors(said, grid, 8, 19)) == pytest.approx(11 * shown / 60, abs=1.1)


def test_nudge_and_downbeat_by_hand():
    beats = 0.5 + 0.5 * np.arange(40)
    tracker, _ = track(beats, 15)
    tracker.tap_downbeat(int((beats[beats < 15][-1] + 0.02) * RATE))
    told = [event for event in tracker.step(15 * RATE + 24000, True) if isinstance(event, Beat)]
    assert told[0].bar_beat == 2  # the one before had been announced
    before = tracker._grid.next_beat
    tracker.nudge(480)
    assert tracker._grid.next_beat == before + 480
