"""Augmentation: attacks stay where truth has them, and what a fault takes away truth no longer claims."""

from __future__ import annotations

import numpy as np
import pytest

from models.music import augment
from models.music.clip import Clip, Truth, random_for
from models.music.excerpt import without_start
from models.music.field import devices, faults
from models.music.field.filters import band, convolved, minimum_phase
from models.music.field.noises import coloured
from models.music.field.rooms import room

RATE = 44100


def _clicks(seconds: float = 24.0) -> Clip:
    """A click (a decaying burst) every half second, beats and downbeats with them."""
    rng = random_for(1, "clicks")
    samples = np.zeros((int(seconds * RATE), 2), np.float32)
    times = [0.5 * number for number in range(1, int(2 * seconds) - 1)]
    length = int(0.05 * RATE)
    for time in times:
        burst = rng.standard_normal((length, 2)) * np.exp(-np.arange(length) / RATE / 0.01)[:, None]
        samples[int(time * RATE) : int(time * RATE) + length] += (0.2 * burst).astype(np.float32)
    truth = Truth(
        id="clicks",
        category="test",
        duration=seconds,
        beats=times,
        downbeats=times[::4],
        onsets=times,
        onsets_by_class={"clap": times},
        tempo=[(0.5, seconds, 120.0, 120.0)],
        silent=[(0.0, 0.5)],
        changes=[0.5],
        sections=[(0.5, "calm"), (10.0, "groove")],
    )
    return Clip(rate=RATE, samples=samples, truth=truth)


def _lag(before: np.ndarray, after: np.ndarray) -> int:
    """By how many samples `after` comes later, from a cross-correlation of 2**17 samples."""
    size = 1 << 17
    product = np.conj(np.fft.rfft(before[:size], 2 * size)) * np.fft.rfft(after[:size], 2 * size)
    found = int(np.argmax(np.abs(np.fft.irfft(product))))
    return found if found < size else found - 2 * size


def test_convolution_agrees_with_the_direct_sum() -> None:
    rng = random_for(2, "x")
    x, kernel = rng.standard_normal(20000).astype(np.float32), rng.standard_normal(300).astype(np.float32)
    assert np.allclose(convolved(x, kernel), np.convolve(x, kernel)[: len(x)], atol=1e-3)


def test_a_minimum_phase_filter_has_its_magnitude_and_starts_at_once() -> None:
    curve = band(300.0, 3400.0, 2)
    response = minimum_phase(curve, RATE, 2048)
    hertz = np.fft.rfftfreq(8192, 1 / RATE)
    heard = np.abs(np.fft.rfft(response, 8192))
    inside = (hertz > 200) & (hertz < 6000)
    assert np.allclose(heard[inside], curve(hertz[inside]), atol=0.02)
    assert np.argmax(np.abs(response)) < 0.0005 * RATE


@pytest.mark.parametrize(("slope", "decibels"), [(0.0, 0.0), (-1.0, -10.0), (-2.0, -20.0)])
def test_coloured_noise_falls_by_its_slope_per_decade(slope: float, decibels: float) -> None:
    noise = coloured(random_for(3, "noise"), 1 << 18, RATE, slope)[:, 0]
    power = np.square(np.abs(np.fft.rfft(noise)))
    hertz = np.fft.rfftfreq(len(noise), 1 / RATE)
    levels = [10 * np.log10(power[(hertz > f) & (hertz < 1.4 * f)].mean()) for f in (300.0, 3000.0)]
    assert levels[1] - levels[0] == pytest.approx(decibels, abs=1.0)


def test_a_room_has_its_direct_sound_first_and_decays_as_asked() -> None:
    response = room(random_for(4, "room"), RATE, 0.8, 3.0)
    assert np.argmax(np.abs(response[:, 0])) == 0

    def decibels(time: float) -> float:
        part = response[int(time * RATE) : int((time + 0.1) * RATE)]
        return float(10 * np.log10(np.square(part, dtype=np.float64).mean()))

    assert decibels(0.2) - decibels(0.4) == pytest.approx(60.0 * 0.2 / 0.8, abs=3.0)


@pytest.mark.parametrize(("codec", "rate"), [("vorbis", 44100), ("mp3", 44100), ("opus", 48000)])
def test_a_codec_leaves_no_delay(codec: devices.Codec, rate: int) -> None:
    samples = _clicks(8.0).samples
    heard = devices.coded(samples, rate, codec, 0.5)
    assert heard.shape == samples.shape
    assert not np.array_equal(heard, samples)
    assert abs(_lag(samples[:, 0], heard[:, 0])) <= 0.001 * rate


def test_a_compressor_evens_levels_out() -> None:
    loud = np.sin(np.arange(2 * RATE) * 0.06)[:, None].repeat(2, axis=1).astype(np.float32)
    loud[:RATE] *= 0.1
    heard = devices.compressed(loud, RATE, threshold=20.0, ratio=4.0, attack=0.005, release=0.1)
    before, after = (float(x[-9999:].std() / x[20000:40000].std()) for x in (loud, heard))
    assert before == pytest.approx(10.0, rel=0.02)
    assert after == pytest.approx(10.0**0.25, rel=0.1)  # 20 dB above the threshold become 5 dB


def test_dropouts_take_their_onsets_out_of_truth() -> None:
    clip = _clicks()
    for number in range(5):
        heard = augment._dropouts(random_for(number, "gaps"), clip, "train")
        gone = [time for time in clip.truth.onsets if time not in heard.truth.onsets]
        assert set(gone) <= set(heard.truth.onsets_dontcare)
        for time in clip.truth.onsets:
            audible = bool(np.abs(heard.samples[int(time * RATE) : int(time * RATE) + 200]).max() > 0.01)
            assert audible or time in gone
        assert heard.truth.beats == clip.truth.beats


def test_a_late_start_moves_all_of_truth() -> None:
    clip = without_start(_clicks(), 9.8)
    assert clip.truth.duration == pytest.approx(14.2)
    assert len(clip.samples) == round(clip.truth.duration * RATE)
    assert clip.truth.beats[0] == pytest.approx(0.2)
    assert clip.truth.downbeats[0] == pytest.approx(10.5 - 9.8)
    assert clip.truth.sections == [(0.0, "calm"), (pytest.approx(0.2), "groove")]
    assert clip.truth.changes == [0.0]
    assert clip.truth.silent == []
    assert clip.truth.tempo == [(0.0, pytest.approx(14.2), 120.0, 120.0)]


def test_antiphase_leaves_nothing_in_the_middle_when_the_source_is_mono() -> None:
    mono = np.repeat(_clicks(4.0).samples[:, :1], 2, axis=1)
    heard = faults._antiphase(random_for(6, "cable"), mono, RATE)
    assert float(np.abs(heard.sum(axis=1)).max()) == 0.0
    assert float(np.abs(heard).max()) > 0.1


@pytest.mark.parametrize("number", range(12))
def test_equaliser_room_and_level_keep_attacks_within_a_millisecond_and_leaves_the_given_clip_alone(
    number: int,
) -> None:
    clip = _clicks()
    copy = clip.samples.copy()
    rng = random_for(number, "chain")
    heard = augment._equaliser(rng, clip, "train")
    heard = augment._room(rng, heard, "train")
    heard = augment._gain(rng, heard, "train")
    assert np.array_equal(clip.samples, copy)
    assert heard.samples.dtype == np.float32
    assert float(np.abs(heard.samples).max()) <= 1.0
    assert abs(_lag(clip.samples.sum(axis=1), heard.samples.sum(axis=1))) <= 0.001 * RATE
