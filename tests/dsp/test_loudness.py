"""Loudness as the standards define it, and energies that do not depend on the level at the input.

The loudness signals are made here from their definitions in EBU Tech 3341 (minimum requirements for meters in
"EBU mode"): 1 kHz sines in both channels, and what a momentary meter has to read. The others are levels as
the front end measures them, hop by hop, so that an hour passes in a moment.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from dsp.frontend import FrontEnd
from dsp.level import Level
from dsp.settings import DspSettings
from tests.dsp.signals import beat_track, noise, to_int

RATES = [44100, 48000, 96000]
RATE, HOP = 48000, 256
SECOND = RATE // HOP

Levels = np.ndarray
"""float64[hops, 3]: mean square, highest magnitude, K-weighted power."""


def levels_of(samples: np.ndarray, rate: int = RATE) -> Levels:
    front = FrontEnd(DspSettings(), rate)
    rows = []
    for at in range(0, len(samples) - front.hop + 1, front.hop):
        front.listen(samples[at : at + front.hop])
        rows.append(front.levels[:3].copy())
    return np.array(rows)


def at_level(levels: Levels, db: float) -> Levels:
    """The same sound, louder by `db`; what passes full scale is clipped."""
    power = 10 ** (db / 10)
    scaled = levels * [power, power**0.5, power]
    scaled[:, 1] = np.minimum(scaled[:, 1], 1.0)
    return scaled


def listen(level: Level, levels: Levels) -> np.ndarray:
    """float64[hops, 4]: energy before the formula, gain, noise floor, audible."""
    out = []
    for row in levels.tolist():
        level.step(*row)
        out.append((level.energy_raw01, level.gain_db, level.noise_floor_db, level.audible))
    return np.array(out)


def energy01(raw: np.ndarray) -> np.ndarray:
    """The energy of the snapshot without its accent."""
    return np.clip(0.35 + 0.53 * (np.maximum(raw - 0.03, 0.0) / 0.97) ** 0.72, 0.35, 0.88)


def music(seconds: float, db: float = 0.0) -> Levels:
    """Drums over a quiet bed of noise, its peaks at `db` dBFS."""
    x, _ = beat_track(120, RATE, 8)
    bed = noise(8, RATE, -30).astype(np.float64) / 8388608.0
    levels = levels_of(to_int(np.repeat(x[:, None], 2, axis=1) + bed))
    repeated = np.tile(levels[: 8 * SECOND], (int(seconds / 8) + 1, 1))[: int(seconds * SECOND)]
    return at_level(repeated, db - 20 * np.log10(levels[:, 1].max()))


def hiss(seconds: float, db: float, seed: int = 7) -> Levels:
    levels = levels_of(noise(4, RATE, db, seed))
    return np.tile(levels[SECOND:], (int(seconds / 3) + 1, 1))[: int(seconds * SECOND)]


def loudness(parts: Iterable[tuple[float, float]], rate: int) -> np.ndarray:
    """Momentary loudness after each hop of a sine that has `(seconds, dBFS)` one after another."""
    envelope = np.concatenate([np.full(round(s * rate), 10 ** (db / 20)) for s, db in parts])
    sine = np.sin(2 * np.pi * 1000 * np.arange(len(envelope)) / rate)
    level = Level(DspSettings(), FrontEnd(DspSettings(), rate).hop, rate)
    out = []
    for row in levels_of(to_int(envelope * sine), rate).tolist():
        level.step(*row)
        out.append(level.loudness_db)
    return np.array(out)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("db", [-23.0, -33.0, -3.0])
def test_a_steady_tone_reads_its_level(rate, db):
    """Cases 1 and 2: a stereo sine at -23 (-33) dBFS is -23 (-33) LUFS, within 0.1 LU."""
    assert loudness([(1.5, db)], rate)[-1] == pytest.approx(db, abs=0.1)


@pytest.mark.parametrize("rate", RATES)
def test_momentary_loudness_of_alternating_levels_is_constant(rate):
    """Case 12: 0.18 s at -20 and 0.22 s at -30 dBFS in turn read -23.0 +- 0.1 LUFS after the first second."""
    read = loudness([(0.18, -20.0), (0.22, -30.0)] * 8, rate)
    late = read[len(read) * 10 // 32 :]
    assert late.min() >= -23.1
    assert late.max() <= -22.9


@pytest.mark.parametrize("offset", [0.0, 0.02, 0.1, 0.22, 0.38])
def test_the_highest_momentary_loudness_of_a_short_tone(offset):
    """Case 13: 0.4 s at -23 dBFS, wherever it begins, read -23.0 +- 0.1 LUFS at the most."""
    read = loudness([(offset, -200.0), (0.4, -23.0), (1.0, -200.0)], RATE)
    assert read.max() == pytest.approx(-23.0, abs=0.1)


def test_the_sum_of_the_channels_counts():
    """One channel alone is 3 LU below both."""
    tone = to_int(0.1 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE))
    left = tone * [1, 0]
    both, one = (at_level(levels_of(x.astype(np.int32)), 0.0)[-1, 2] for x in (tone, left))
    assert 10 * np.log10(both / one) == pytest.approx(3.01, abs=0.01)


def test_the_same_music_at_all_levels():
    """Peaks at 0 to -50 dBFS: the same energy within 0.05, second by second.

    The quietest needs 4 s to be taken for music, and 6 s for 50 dB at the slope of the gain.
    """
    whole = energy01(listen(Level(DspSettings(), HOP, RATE), music(30, 0.0))[:, 0])
    for db in (-20.0, -40.0, -50.0):
        quiet = energy01(listen(Level(DspSettings(), HOP, RATE), music(30, db))[:, 0])
        for start in range(14 * SECOND, len(whole) - SECOND, SECOND):
            span = slice(start, start + SECOND)
            assert quiet[span].mean() == pytest.approx(whole[span].mean(), abs=0.05), (db, start / SECOND)


def test_a_night_a_calm_track_stays_calm():
    """Three minutes loud, five minutes 12 dB below, then loud again: energies compare throughout."""
    level = Level(DspSettings(), HOP, RATE)
    loud = energy01(listen(level, music(180, -3.0))[-20 * SECOND :, 0]).mean()
    calm = energy01(listen(level, music(300, -15.0))[:, 0])
    again = energy01(listen(level, music(60, -3.0))[:, 0])
    first, last = calm[10 * SECOND : 60 * SECOND].mean(), calm[-20 * SECOND :].mean()
    assert loud - first > 0.12
    assert loud - last > 0.06
    assert last - first < 0.08
    assert again[10 * SECOND :].mean() == pytest.approx(loud, abs=0.03)


def test_a_night_of_one_hour_ends_as_it_began():
    level = Level(DspSettings(), HOP, RATE)
    means = []
    for _ in range(6):
        means.append(energy01(listen(level, music(240, -4.0))[-60 * SECOND :, 0]).mean())
        listen(level, music(150, -12.0))
    assert max(means) - min(means) < 0.02


def test_somebody_turns_the_level_down_by_30_db():
    """Lower than music gets by itself for 20 s: the gain starts anew, and a minute later all is as before."""
    level = Level(DspSettings(), HOP, RATE)
    before = energy01(listen(level, music(120, -4.0))[-20 * SECOND :, 0]).mean()
    quiet = listen(level, music(60, -34.0))
    assert quiet[:, 3].all()
    assert energy01(quiet[5 * SECOND : 15 * SECOND, 0]).mean() < before - 0.15
    assert energy01(quiet[-10 * SECOND :, 0]).mean() == pytest.approx(before, abs=0.05)


def test_one_bang_does_not_move_the_gain_for_long():
    level = Level(DspSettings(), HOP, RATE)
    before = listen(level, music(60, -30.0))[-1, 1]
    bang = np.array([[0.5, 1.0, 1.0]] * (SECOND // 10))
    listen(level, bang)
    assert listen(level, music(20, -30.0))[-1, 1] == pytest.approx(before, abs=0.5)


def test_the_noise_floor_converges_in_a_pause_and_stays_in_the_music():
    level = Level(DspSettings(), HOP, RATE)
    listen(level, music(30, -6.0))
    pause = listen(level, hiss(6, -62.0))
    assert pause[-1, 2] == pytest.approx(-62.0, abs=1.5)
    assert not pause[2 * SECOND, 3]
    long = listen(level, np.maximum(hiss(1200, -12.0), music(1200, -6.0)))
    assert long[:, 2].max() <= -60.0
    louder = listen(level, hiss(8, -50.0))
    assert louder[-1, 2] == pytest.approx(-50.0, abs=1.5)
    assert len(set(louder[-SECOND:, 1])) == 1  # hiss above the squelch, and still the gain rests


def test_the_squelch_has_hysteresis():
    level = Level(DspSettings(), HOP, RATE)
    assert not listen(level, hiss(4, -57.5))[:, 3].any()
    listen(level, hiss(4, -54.0))
    assert listen(level, hiss(8, -57.5, seed=9))[:, 3].all()
    assert not listen(level, hiss(4, -61.0))[-1, 3]


def test_steady_noise_below_the_squelch_is_silence_and_quiet_music_is_not():
    assert not listen(Level(DspSettings(), HOP, RATE), hiss(60, -58.0))[:, 3].any()
    quiet = listen(Level(DspSettings(), HOP, RATE), music(20, -50.0))
    assert quiet[6 * SECOND :, 3].all()
    shallow = Level(DspSettings(squelch_depth_db=0.0), HOP, RATE)
    assert listen(shallow, music(20, -50.0))[:, 3].mean() < 0.5


def test_after_loud_music_the_pause_is_silent_at_once():
    level = Level(DspSettings(), HOP, RATE)
    listen(level, music(30, -6.0))
    pause = listen(level, hiss(3, -60.0))
    assert not pause[int(1.1 * SECOND) :, 3].any()


def test_forgetting_is_a_setting():
    """A set whose level is ridden by hand may want the calm tracks lifted."""
    gains = []
    for forget in (0.0, 12.0):
        level = Level(DspSettings(agc_forget_db_min=forget), HOP, RATE)
        listen(level, music(60, -3.0))
        gains.append(np.ptp(listen(level, music(60, -13.0))[10 * SECOND :, 1]))
    assert gains[0] < 0.01
    assert gains[1] > 6.0
