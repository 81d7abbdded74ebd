"""A hit is announced in the hop that contains it, once, where it was."""

from __future__ import annotations

import numpy as np
import pytest

from tests.dsp.signals import analyse, beat_track, hat, kick, noise, onsets_of, place, to_int

RATE = 48000
HOP = 256


@pytest.mark.parametrize("offset", [0, 1, 63, 64, 130, 200, 254, 255])
def test_a_click_is_heard_in_its_own_hop(offset):
    x = np.zeros(2 * RATE)
    at = 180 * HOP + offset
    x[at] = 0.5
    onsets = onsets_of(analyse(to_int(x), RATE))
    high = [onset for onset in onsets if onset.kind == "high"]
    assert [(onset.sample, onset.emitted) for onset in high] == [(at, 181 * HOP)]
    assert high[0].strength01 == 1.0


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_one_onset_per_hit_and_kind(rate):
    x = np.zeros(8 * rate)
    hits = np.arange(0.5 * rate, 7.5 * rate, 0.25 * rate)
    for at in hits:
        place(x, kick(rate), at)
        place(x, hat(rate), at)
    onsets = onsets_of(analyse(to_int(x), rate))
    for kind, late in (("low", 0.012), ("high", 0.003)):
        samples = [onset.sample for onset in onsets if onset.kind == kind]
        assert len(samples) == len(hits)
        assert max(abs(s - h) for s, h in zip(samples, hits, strict=True)) < late * rate


def test_counts_only_grow_and_match_the_snapshot():
    results = analyse(to_int(beat_track(130, RATE, 5)[0]), RATE)
    counts = [onset.count for onset in onsets_of(results)]
    assert counts == list(range(1, len(counts) + 1))
    assert results[-1].snapshot.onset_count == counts[-1]


def test_kinds_are_told_apart():
    x = np.zeros(4 * RATE)
    for k in range(12):
        place(x, hat(RATE), (0.5 + 0.25 * k) * RATE)
    kinds = [onset.kind for onset in onsets_of(analyse(to_int(x), RATE))]
    assert kinds.count("high") == 12
    assert kinds.count("low") == 0


def test_steady_sound_has_no_onsets():
    """After the first moment: a bass tone, and loud noise (now and then one may pass)."""
    t = np.arange(6 * RATE) / RATE
    bass = onsets_of(analyse(to_int(0.4 * np.sin(2 * np.pi * 80 * t)), RATE))
    assert not [onset for onset in bass if onset.sample > 0.3 * RATE]
    hiss = onsets_of(analyse(noise(10, RATE, -20), RATE))
    assert len([onset for onset in hiss if onset.sample > RATE]) <= 3
