from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon.demo_score import BARS, form, has_kick, score
from daemon.demo_track import (
    SECONDS,
    DemoTrack,
    beats,
    downbeats,
    kicks,
    render,
    sections,
    write_wav,
)

RATES = (44100, 48000)


@pytest.fixture(scope="module", params=RATES)
def track(request) -> DemoTrack:
    return DemoTrack(request.param)


@pytest.fixture(scope="module")
def whole(track: DemoTrack) -> np.ndarray:
    start = time.process_time()
    samples = render(track.rate)
    print(f"\nrendered {SECONDS:.1f} s at {track.rate} in {time.process_time() - start:.2f} s CPU")
    return samples


def rms_db(x: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean((x / 32768.0) ** 2)) + 1e-9))


def test_it_is_long_and_stereo(track, whole):
    assert SECONDS >= 120
    assert whole.shape == (round(SECONDS * track.rate), 2)
    assert whole.dtype == np.int16
    assert np.any(whole[:, 0] != whole[:, 1])


def attacks(samples: np.ndarray, times: list[float], rate: int) -> np.ndarray:
    """How late the steepest rise of energy near each of `times` is, seconds."""
    mono = samples.sum(axis=1, dtype=np.float64)
    energy = np.concatenate([np.zeros(1), np.cumsum(mono * mono)])
    window, reach = rate // 1000, round(0.018 * rate)
    late = []
    for time_ in times:
        at = np.arange(round(time_ * rate) - reach, round(time_ * rate) + reach)
        rise = energy[at + window] - 2 * energy[at] + energy[at - window]
        late.append(at[np.argmax(rise)] / rate - time_)
    return np.array(late)


def test_every_kick_falls_on_its_beat(track):
    solo = DemoTrack(track.rate, only=("kick",))
    late = attacks(solo.block(0, solo.length), kicks()[1:], track.rate)
    assert np.abs(late).max() < 0.0002


def test_in_the_mix_the_kick_is_heard_within_two_milliseconds_of_its_beat(track, whole):
    # Not in the drop, where the bass is as steep as the kick at this resolution.
    exposed = [
        kick
        for section in sections()
        if section.name in ("intro", "groove", "outro")
        for kick in kicks()[1:]
        if section.start <= kick < section.end
    ]
    assert len(exposed) == 159
    assert np.abs(attacks(whole, exposed, track.rate)).max() < 0.002


def test_beats_without_a_kick_have_none(track, whole):
    for part in form():
        silent = [b for b in range(4 * part.first, 4 * part.end) if not has_kick(b)]
        assert bool(silent) == (part.name in ("breakdown", "build"))
    # The beat before each drop is silence.
    for section in sections():
        if section.name == "drop":
            end = round(section.start * track.rate)
            gap = whole[end - round(0.25 * track.rate) : end - 1]
            assert rms_db(gap) < -55


def test_times_are_exact():
    assert beats()[0] == 0.0
    assert beats()[31] == 15.0  # 31 beats of 60/124 s
    assert all(b - a == pytest.approx(60 / 124, abs=1e-12) for a, b in pairwise(beats()))
    assert downbeats() == beats()[::4]
    assert len(downbeats()) == BARS
    assert beats()[-1] + 60 / 124 == pytest.approx(SECONDS)


def test_sections_follow_one_another():
    names = [section.name for section in sections()]
    assert names == (["intro"] + ["groove", "breakdown", "build", "drop"] * 2 + ["outro"])
    assert sections()[0].start == 0.0
    assert sections()[-1].end == pytest.approx(SECONDS)
    for a, b in pairwise(sections()):
        assert a.end == b.start
        assert b.start == downbeats()[b.first_bar]


def test_sections_sound_as_they_are_called(track, whole):
    level = {}
    for section in sections():
        cut = whole[round(section.start * track.rate) : round(section.end * track.rate)]
        level.setdefault(section.name, rms_db(cut))
    assert level["breakdown"] < level["groove"] - 5
    assert level["drop"] == max(level.values())


def test_a_build_rises(track, whole):
    for section in sections():
        if section.name == "build":
            span = section.end - section.start
            quarters = [
                whole[round((section.start + q * span / 4) * track.rate) :][: round(span / 4 * track.rate)]
                for q in range(4)
            ]
            highs = [rms_db(np.diff(q[:, 0].astype(np.float64))) for q in quarters]
            assert highs == sorted(highs)


def test_loudness_is_that_of_a_record(track, whole):
    assert -14 < rms_db(whole) < -9
    peak = 20 * np.log10(np.abs(whole.astype(np.int32)).max() / 32767)
    assert -2 < peak <= -1
    assert abs(np.mean(whole) / 32768) < 0.005


def test_blocks_of_any_size_in_any_order_are_the_same_samples(track, whole):
    fresh = DemoTrack(track.rate)
    places = [(1_000_000, 3000), (0, 1), (round(77.4 * track.rate), 20_000), (123_456, 256), (7, 441)]
    for start, n in places:
        assert np.array_equal(fresh.block(start, n), whole[start : start + n])


def test_the_loop_has_no_seam(track, whole):
    around = track.block(track.length - 5000, 10_000)
    assert np.array_equal(around[:5000], whole[-5000:])
    assert np.array_equal(around[5000:], whole[:5000])
    # What rings at the end still rings at the beginning: without it the first samples are others.
    assert rms_db(whole[-2000:]) > -60
    unlooped = DemoTrack(track.rate)
    unlooped.length *= 10
    missing = unlooped._render(0, 5000).astype(np.int32) - whole[:5000]
    assert 0 < np.abs(missing).max() < 3000


def test_rounds_repeat(track, whole):
    far = 1000 * track.length + 777
    assert np.array_equal(track.block(far, 500), whole[777:1277])


def test_two_renderings_are_equal(track, whole):
    last_drop = [section for section in sections() if section.name == "drop"][-1]
    start, end = (round(time * track.rate) for time in (last_drop.start, last_drop.end))
    assert DemoTrack(track.rate).block(start, end - start).tobytes() == whole[start:end].tobytes()


def test_every_note_lies_within_the_track():
    notes = score()
    assert [n.tick for n in notes] == sorted(n.tick for n in notes)
    assert notes[0].tick == 0
    assert notes[-1].tick < BARS * 4 * 48
    assert all(-1 <= n.pan <= 1 and 0 < n.gain < 1 for n in notes)


def test_no_sound_ends_in_a_click(track):
    for note in {n.sound: n for n in score()}.values():
        sound = track._sounds.get(note.sound)
        assert np.isfinite(sound).all()
        assert np.abs(sound[-1]).max() < 1e-6
        assert np.abs(sound).max() < 8


@pytest.mark.parametrize("rate", [0, 7999, 192_001])
def test_impossible_rates_are_refused(rate):
    with pytest.raises(ValueError, match="cannot be rendered; use"):
        DemoTrack(rate)


@pytest.mark.parametrize(("start", "n"), [(-1, 5), (5, -1)])
def test_impossible_blocks_are_refused(track, start, n):
    with pytest.raises(ValueError, match="must be 0 or more"):
        track.block(start, n)


def test_an_empty_block(track):
    assert track.block(5, 0).shape == (0, 2)


def test_wav(tmp_path: Path):
    path = tmp_path / "demo.wav"
    write_wav(path, 8000)
    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == 8000
    assert np.array_equal(samples, render(8000))
