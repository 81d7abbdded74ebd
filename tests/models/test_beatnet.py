"""Targets, changes and scores of the beat network; with torch, training as well."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from dsp.frames import FEATURES
from dsp.network import HEADS, TEMPO_BINS, Network, parse
from models.beatnet.augment import window
from models.beatnet.batches import batch
from models.beatnet.dataset import Piece
from models.beatnet.precision import Candidates, area, scored
from models.beatnet.targets import DELAYS, PHASES, TEMPO, targets_of
from models.music.clip import Truth, random_for

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="training needs torch (extra `models`)")

HEAD = {name: index for index, name in enumerate(HEADS)}


def clip(**changes: object) -> Truth:
    beats = [0.5 * n + 0.2 for n in range(40)]
    given: dict[str, object] = {
        "id": "a", "category": "test", "duration": 20.0, "beats": beats, "downbeats": beats[::4],
        "onsets": beats, "onsets_by_class": {"kick": beats}, "tempo": [(0.0, 20.0, 120.0, 120.0)],
        "sections": [(0.0, "groove"), (4.0, "breakdown"), (8.0, "drop")],
    }  # fmt: skip
    return Truth(**(given | changes))


def pieces() -> list[Piece]:
    random = np.random.default_rng(1)
    return [Piece(clip(), random.normal(size=(n, FEATURES)).astype(np.float16)) for n in (2000, 700)]


def test_neighbouring_targets_tell_the_time_between_frames():
    values = targets_of(clip(beats=[1.2345], onsets=[]), 300).values[:, HEAD["beat"]]
    rows = np.flatnonzero(values)
    # Frame k ends at k / 100 s and is row k - 1; three frames reach around 123.45 + 4.
    assert (rows + 1).tolist() == [126, 127, 128]
    np.testing.assert_allclose(values[rows], 1.0 - np.abs(rows + 1 - 127.45) / 1.5, atol=1e-6)


def test_states_and_what_counts():
    truth = clip(mask=[(4.0, 8.0), (17.0, 19.5)], changes=[0.0, 8.0], silent=[(19.0, 20.0)])
    values, weights, tempo, tempo_weights, *_ = targets_of(truth, 2000)
    at = {second: round(100 * second) for second in (0.5, 3, 6, 9, 12, 16.5, 17.5, 19.3)}
    beat, drop = HEAD["beat"], HEAD["drop"]
    assert weights[at[0.5], beat] == weights[at[9], beat] == np.float32(0.3)
    assert weights[at[3], beat] == weights[at[12], beat] == 1.0
    assert weights[at[6], beat] == np.float32(0.2)
    assert weights[at[17.5], beat] == tempo_weights[at[17.5]] == 0.0
    assert values[at[6], HEAD["breakdown"]] == 1.0
    assert [values[at[s], drop] for s in (6, 9, 12, 16.5)] == [0.0, 1.0, 1.0, 0.0], "a drop lasts 8 s"
    assert [values[at[s], HEAD["music"]] for s in (3, 19.3)] == [1.0, 0.0]
    assert weights[at[19.3], beat] == 1.0, "no beats in a gap, though it is masked"
    assert tempo[at[3]].sum() == pytest.approx(1.0)
    assert float(tempo[at[3]] @ np.log(TEMPO)) == pytest.approx(np.log(120.0), abs=1e-5)


def test_noise_is_no_music_and_what_is_unknown_does_not_count():
    null = targets_of(Truth(id="n", category="null_noise", duration=5.0, beats_per_bar=0), 500)
    assert not null.values.any()
    assert null.weights.all()
    assert not null.tempo_weights.any()
    free = targets_of(clip(downbeats=[], sections=[], onsets_dontcare=[1.0]), 500).weights
    assert not free[:, HEAD["downbeat"]].any()
    assert not free[:, HEAD["build"]].any()
    assert not free[100, HEAD["onset"]]
    assert free[300, HEAD["onset"]]


@pytest.mark.parametrize("stretch", [1.0, 0.87, 1.13])
def test_stretched_music_and_its_targets_stay_together(stretch):
    truth = clip(beats=[5.0 + DELAYS[0] / 100], onsets=[5.0 - DELAYS[2] / 100])
    features = np.zeros((1500, FEATURES), dtype=np.float16)
    features[499] = 1.0  # row 499 is frame 500, which ends at 5.0 s
    shown = window(features, 200, 900, stretch)[:, 0]
    heard = float((shown * np.arange(900)).sum() / shown.sum())
    targets = targets_of(truth, 900, 200, stretch)
    onset = targets.values[:, HEAD["onset"]]
    asked = float((onset * np.arange(900)).sum() / onset.sum())
    assert abs(heard - (500 - 200) / stretch + 1.0) < 0.3
    assert abs(asked - heard) < 0.3
    assert float(targets.tempo[300] @ np.log(TEMPO)) == pytest.approx(np.log(120.0 * stretch), abs=1e-5)


def test_batches_depend_on_their_randomness_alone():
    given = pieces()
    one, same, other = (batch(given, random_for(3, n), 4, 1000) for n in (7, 7, 8))
    np.testing.assert_array_equal(one.features, same.features)
    np.testing.assert_array_equal(one.targets.values, same.targets.values)
    assert not np.array_equal(one.features, other.features)
    assert np.isfinite(one.features).all()
    assert np.abs(one.features).max() <= 3.0
    assert np.abs(one.features).max(axis=2).min() > 0.0, "short clips are followed by others"


def test_phase_and_place_follow_the_beats():
    late = DELAYS[0] / 100
    truth = clip(
        beats=[1.0, 1.5, 2.0, 2.5, 3.0, 6.0], downbeats=[1.0, 3.0], sections=[], mask=[], changes=[0.0]
    )
    given = targets_of(truth, 700)
    row = {t: round(100 * (t + late)) - 1 for t in (0.5, 1.0, 1.25, 2.0, 2.75, 4.0)}
    assert given.phase[row[2.0], 0] == pytest.approx(1.0, abs=1e-4)
    assert given.phase[row[1.25], PHASES // 2] == pytest.approx(1.0, abs=1e-4)
    assert [given.place[row[t]].argmax() for t in (1.0, 1.25, 2.0, 2.75)] == [0, 0, 2, 3]
    for weights in (given.phase_weights, given.place_weights):
        assert [weights[row[t]] for t in (0.5, 4.0)] == [0.0, 0.0], (
            "none before the first beat, none in a gap"
        )
        assert weights[row[2.75]] == 1.0
    np.testing.assert_allclose(given.phase.sum(1), given.phase_weights > 0.0, atol=1e-6)
    assert not targets_of(clip(downbeats=[]), 700).place_weights.any()


def test_a_row_goes_on_where_its_first_part_ended():
    whole = batch(pieces(), random_for(3, 1), 2, 1200)
    first, second = whole.part(0, 600), whole.part(1, 600)
    np.testing.assert_array_equal(np.concatenate((first.features, second.features)), whole.features)
    np.testing.assert_array_equal(second.targets.values, whole.targets.values[600:])
    assert second.carried.all()


def test_average_precision_and_area():
    clips = [
        Candidates(np.array([0.9, 0.2]), np.array([True, False]), np.array([0.004, 0.0]), 1),
        Candidates(np.array([0.8, 0.7]), np.array([False, True]), np.array([0.0, 0.002]), 2),
    ]
    score = scored(clips)
    assert score.precision == pytest.approx((1.0 + 2.0 / 3.0) / 3.0)
    assert score.f == pytest.approx(2.0 * 2.0 / (3.0 + 3.0))
    assert score.threshold == 0.7
    assert score.late_ms == pytest.approx(3.0)
    assert score.interval[0] <= score.f <= score.interval[1]
    assert area(clips) == 0.75


@needs_torch
def test_live_network_is_the_trained_one():
    import torch

    from models.beatnet.train import Recipe, Training

    data = Training(Recipe(steps=1), "cpu").exported("test")
    network = Network(parse(data))
    features = np.random.default_rng(6).normal(size=(500, FEATURES)).astype(np.float32)
    training = Training(Recipe(steps=1), "cpu")
    with torch.no_grad():
        logits, _ = training.network(torch.from_numpy(features)[:, None], torch.zeros(2, 1, 96))
    expected = torch.sigmoid(logits[:, 0, : len(HEADS)]).numpy()
    tempi = torch.softmax(logits[:, 0, len(HEADS) : len(HEADS) + TEMPO_BINS], dim=-1).numpy()
    for row, activations, tempo in zip(features, expected, tempi, strict=True):
        network.step(row)
        np.testing.assert_allclose(network.activations, activations, atol=2e-3)
        np.testing.assert_allclose(network.tempo, tempo, atol=2e-3)


@needs_torch
def test_training_reproduces_also_when_interrupted(tmp_path):
    from models.beatnet.train import Recipe, Training

    given, recipe = pieces(), Recipe(steps=4, rows=4, frames=500, dense=16, hidden=20)

    def take(training: Training, until: int) -> Training:
        while training.step < until:
            training.learn(given)
        return training

    straight = take(Training(recipe, "cpu"), 4).exported("v")
    take(Training(recipe, "cpu"), 2).save(tmp_path / "checkpoint.pt")
    resumed = Training(recipe, "cpu")
    resumed.resume(tmp_path / "checkpoint.pt")
    assert take(resumed, 4).exported("v") == straight
