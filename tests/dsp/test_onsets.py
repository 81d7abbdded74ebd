"""Hits are heard on the first hop that allows it, where they were, as what they are, at any level."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest

from dsp import tables
from dsp.errors import WeightsError
from dsp.hop import hop_of
from dsp.kernels.filters import hear
from dsp.onset_features import PARTS, features_of, wide_bands
from dsp.onset_network import CLASSES, parse
from dsp.onset_picker import Hit, Picker
from dsp.onsets import Onsets
from dsp.weights.onsets import ONSETS
from tests.dsp.signals import (
    analyse,
    beat_track,
    hat,
    kick,
    noise,
    onsets_of,
    place,
    silence,
    snare,
    to_int,
)

RATE = 48000


def heard(samples: np.ndarray, rate: int = RATE, gate: float = 1e-9) -> list[tuple[Hit, int]]:
    """Onsets with the samples consumed when each was announced."""
    hop = hop_of(rate)
    onsets = Onsets(rate)
    coefficients = np.array([*tables.k_weighting(rate), *wide_bands(rate)])
    memory, parts = np.zeros((5, 2, 2)), np.zeros((4, PARTS))
    history = np.zeros((2, 2 * onsets.reach), dtype=np.float32)
    found = []
    for end in range(hop, len(samples) + 1, hop):
        hear(samples[end - hop : end], coefficients, memory, history, parts, np.zeros(5))
        found += [(hit, end) for hit in onsets.step(history, parts, end, gate)]
    return found


def pattern(rate: int) -> tuple[np.ndarray, dict[str, list[int]]]:
    """Eight seconds of kick, snare and hat, each alone, and where each is."""
    x = np.zeros(8 * rate)
    truth: dict[str, list[int]] = {"kick": [], "clap": [], "hihat": []}
    for k in range(30):
        at = round((0.5 + 0.24 * k) * rate) + 37 * k
        name = ("kick", "hihat", "clap", "hihat")[k % 4]
        place(x, {"kick": kick(rate), "clap": snare(rate), "hihat": hat(rate, seed=k % 4)}[name], at)
        truth[name].append(at)
    return x, truth


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_each_hit_is_announced_once_at_its_time_within_nine_ms(rate):
    x, truth = pattern(rate)
    hits = np.sort(np.concatenate([np.array(times) for times in truth.values()]))
    found = heard(to_int(x), rate)
    times = sorted({hit.sample for hit, _ in found})
    assert len(times) == len(hits)
    errors = np.array(times) - hits
    assert np.abs(errors).max() < 0.006 * rate
    assert np.median(np.abs(errors)) < 0.0015 * rate
    late = [
        min(end for hit, end in found if hit.sample == time) - at
        for time, at in zip(times, hits, strict=True)
    ]
    assert np.median(late) < 0.009 * rate
    assert max(late) < 0.02 * rate


def test_kinds_are_told_apart():
    x, truth = pattern(RATE)
    found = heard(to_int(x))
    for name, times in truth.items():
        same = [
            at for at in times if any(h.kind == name and abs(h.sample - at) < 0.02 * RATE for h, _ in found)
        ]
        assert len(same) >= 0.8 * len(times), name


def test_level_does_not_matter():
    x, _ = pattern(RATE)
    loud = [(hit.sample, hit.kind) for hit, _ in heard(to_int(x))]
    for db in (-20, -50):
        quiet = [(hit.sample, hit.kind) for hit, _ in heard(to_int(x * 10 ** (db / 20)), gate=1e-12)]
        missed = [a for a in loud if not any(a[1] == b[1] and abs(a[0] - b[0]) < 256 for b in quiet)]
        assert len(missed) <= 0.1 * len(loud)
        assert len(quiet) <= 1.1 * len(loud)


def test_nothing_below_the_gate():
    x, _ = pattern(RATE)
    assert heard(to_int(x * 1e-3), gate=1e-6) == []


@pytest.mark.parametrize("db", [-60, -40, -20, -6])
def test_steady_noise_has_hardly_an_onset(db):
    found = heard(noise(20, RATE, db), gate=10**-5.6)
    assert len({hit.sample for hit, _ in found if hit.sample > RATE // 2}) <= (0 if db == -60 else 6)


def test_silence_and_hum_have_none():
    t = np.arange(10 * RATE) / RATE
    hum = sum(a * np.sin(2 * np.pi * 50 * k * t) for k, a in ((1, 0.2), (2, 0.1), (3, 0.1), (5, 0.03)))
    assert heard(silence(3, RATE)) == []
    assert [hit for hit, _ in heard(to_int(hum)) if hit.sample > RATE // 2] == []


def test_a_signal_in_antiphase_is_heard_as_well():
    x, _ = pattern(RATE)
    same = [(hit.sample, hit.kind) for hit, _ in heard(to_int(np.stack((x, x), axis=1)))]
    opposed = [(hit.sample, hit.kind) for hit, _ in heard(to_int(np.stack((x, -x), axis=1)))]
    assert same == opposed


def test_the_network_hears_the_same_whatever_the_rate():
    """Features of one sound at two rates, hop beside hop of equal length, differ little."""
    features = []
    for rate in (48000, 96000):
        x = np.zeros(2 * rate)
        for k in range(6):
            place(x, kick(rate), (0.2 + 0.25 * k) * rate)
        features.append(features_of(to_int(x), rate))
    assert features[0].shape == features[1].shape
    assert np.median(np.abs(features[0] - features[1])) < 0.02


def outputs(*heads: float) -> np.ndarray:
    return np.array(heads, dtype=np.float32)


def test_a_hit_stays_one_however_long_the_network_insists():
    picker, loud = Picker([0.5] * 5, RATE), np.ones((4, PARTS))
    quiet, sure = outputs(0, 0, 0, 0, 0, 0), outputs(0.9, 0.9, 0, 0, 0, 0.5)
    rows = [quiet] * 20 + [sure] * 30 + [quiet] * 20 + [sure] * 5
    found = [hit for k, row in enumerate(rows) for hit in picker.step(row, loud, 0.0, 256 * (k + 1))]
    assert [(hit.sample, hit.kind) for hit in found] == [(20 * 256 + 128, "kick"), (70 * 256 + 128, "kick")]


def test_a_class_that_is_known_a_hop_later_gets_the_time_of_its_hit():
    picker, loud = Picker([0.5] * 5, RATE), np.ones((4, PARTS))
    first, second = outputs(0.9, 0.1, 0.1, 0.8, 0.1, 0.5), outputs(0.9, 0.9, 0.1, 0.8, 0.1, 1.5)
    found = [picker.step(row, loud, 0.0, 256 * (40 + k)) for k, row in enumerate((first, second))]
    assert [[(hit.sample, hit.kind) for hit in hits] for hits in found] == [
        [(40 * 256 - 128, "hihat")],
        [(40 * 256 - 128, "kick")],
    ]


def test_strength_is_relative_to_the_strongest_of_late():
    picker = Picker([0.5] * 5, RATE)
    quiet, sure = outputs(0, 0, 0, 0, 0, 0), outputs(0.9, 0.9, 0, 0, 0, 0.5)
    strengths = []
    for k in range(80):
        hit = k in (20, 50)
        parts = np.full((4, PARTS), 0.1 if k == 20 else 0.1 / 16)
        found = picker.step(sure if hit else quiet, parts, 0.0, 256 * (k + 1))
        strengths += [one.strength for one in found]
    assert strengths[0] == 1.0
    assert strengths[1] == pytest.approx(0.5, abs=0.03)


def test_a_damaged_weights_file_is_refused():
    data = files("dsp.weights").joinpath("onsets.bin").read_bytes()
    assert parse(data).sha256 == ONSETS.sha256
    assert len(data) < 40_000
    assert len(ONSETS.header.thresholds) == 1 + len(CLASSES)
    for broken in (data[:-1], data[:-5] + b"\x07" + data[-4:], b"RIFF" + data[4:], data[:30]):
        with pytest.raises(WeightsError):
            parse(broken)


def test_counts_only_grow_and_match_the_snapshot():
    results = analyse(to_int(beat_track(130, RATE, 5)[0]), RATE)
    counts = [onset.count for onset in onsets_of(results)]
    assert counts == list(range(1, len(counts) + 1))
    assert results[-1].snapshot.onset_count == counts[-1]
