"""Training of the onset network: targets, scores, and that the live network is the trained one."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.hop import hop_of
from dsp.onset_features import FEATURES
from dsp.onset_network import CLASSES, OUTPUTS, OnsetNetwork, parse
from dsp.weights.onsets import ONSETS
from models.music.clip import Truth
from models.onsets.clips import features_version
from models.onsets.evaluate import Heard, f_measure, pairs, score
from models.onsets.export import packed
from models.onsets.targets import targets_of

RATE = 48000
HOP_S = hop_of(RATE) / RATE


def truth(**onsets: list[float]) -> Truth:
    merged = sorted(time for times in onsets.values() for time in times)
    return Truth(id="a", category="b", duration=2.0, onsets=merged, onsets_by_class=dict(onsets))


def test_the_answer_is_yes_from_the_hop_of_the_onset_for_three_hops():
    at = 50.25 * HOP_S
    targets = targets_of(truth(kick=[at]), 100, RATE)
    assert np.flatnonzero(targets.values[:, 0]).tolist() == [50, 51, 52]
    assert np.flatnonzero(targets.values[:, 1 + CLASSES.index("kick")]).tolist() == [50, 51, 52]
    assert not targets.values[:, 1 + CLASSES.index("hihat")].any()
    np.testing.assert_allclose(targets.age[50:53], [0.75, 1.75, 2.75], atol=1e-4)
    assert np.isnan(targets.age[[49, 53]]).all()
    assert targets.weights[[53, 54, 55, 56], 0].tolist() == [0.0, 0.0, 1.0, 1.0]


def test_an_onset_at_the_end_of_its_hop_hardly_counts_there():
    targets = targets_of(truth(clap=[50.96 * HOP_S]), 100, RATE)
    assert targets.weights[50, 0] == pytest.approx(0.1, abs=0.01)
    assert targets.weights[51, 0] == 1.0


def test_slow_notes_are_neither_asked_for_nor_punished():
    slow = truth(kick=[0.1])
    slow.onsets_dontcare = [50 * HOP_S]
    weights = targets_of(slow, 100, RATE).weights
    assert not weights[50:55, [0, 1 + CLASSES.index("other")]].any()
    assert weights[50:55, 1 + CLASSES.index("kick")].all()
    assert weights[60, 0] == 1.0


def test_matching_takes_as_many_as_can_be_taken():
    reference, found = np.array([1.0, 1.04, 2.0]), np.array([1.03, 1.06, 1.5, 2.06])
    assert pairs(reference, found, 0.05) == [(0, 0), (1, 1)]
    assert f_measure([1.0, 1.04, 2.0], [1.03, 1.06, 1.5, 2.06], 0.05, []) == pytest.approx(4 / 7)
    assert f_measure([1.0, 1.04, 2.0], [1.03, 1.06, 1.5, 2.06], 0.05, [1.52]) == pytest.approx(4 / 6)


def test_late_announcements_count_when_they_were_made():
    clip = truth(kick=[0.5], hihat=[1.0])
    found = [Heard(0.501, 0.506, "kick"), Heard(1.001, 1.03, "hihat")]
    result = score(clip, found)
    assert (result.wide, result.narrow) == (1.0, 0.5)
    assert result.lag == pytest.approx(18.0)
    assert result.error == pytest.approx(1.0)
    assert result.classes[CLASSES.index("kick")] == 1.0
    assert np.isnan(result.classes[CLASSES.index("other")])


def test_committed_weights_were_trained_on_these_features():
    assert ONSETS.header.features_version == features_version()


def test_live_network_is_the_trained_one():
    torch = pytest.importorskip("torch", reason="torch is only installed for training")
    from models.onsets.network import OnsetNet

    torch.manual_seed(3)
    trained = OnsetNet(32, 32)
    layers = [(w.detach().numpy(), b.detach().numpy()) for w, b in trained.layers()]
    live = OnsetNetwork(parse(packed(layers, [0.5] * (OUTPUTS - 1), "test", {})))
    features = np.random.default_rng(5).normal(size=(200, FEATURES)).astype(np.float32)
    with torch.no_grad():
        expected = trained(torch.from_numpy(features[None]))[0]
    expected[:, :-1] = torch.sigmoid(expected[:, :-1])
    got = np.array([live.step(row).copy() for row in features])
    assert np.abs(got - expected.numpy()).max() < 2e-3
