"""The beat network in the kernels: right, repeatable, and careful with its file."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.errors import WeightsError
from dsp.frames import FEATURES
from dsp.kernels.network import exp2, sigmoid, tanh
from dsp.network import HEADS, MAGIC, TEMPO_BINS, Network, parse
from dsp.weights import BEATNET
from models.beatnet.dataset import features_version
from models.beatnet.export import packed

DENSE, HIDDEN = 24, 21
OUTPUTS = len(HEADS) + TEMPO_BINS


def layers(seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    random = np.random.default_rng(seed)
    shapes = [(DENSE, FEATURES)]
    shapes += [(3 * HIDDEN, DENSE), (3 * HIDDEN, HIDDEN), (3 * HIDDEN, HIDDEN), (3 * HIDDEN, HIDDEN)]
    shapes += [(OUTPUTS, 2 * HIDDEN)]
    return [
        (
            random.normal(0, 1.5 / np.sqrt(inputs), (outputs, inputs)).astype(np.float32),
            random.normal(0, 0.5, outputs).astype(np.float32),
        )
        for outputs, inputs in shapes
    ]


def file(seed: int = 1) -> bytes:
    return packed(layers(seed), "test", {})


def plain(matrices: tuple[np.ndarray, ...], features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The network as the textbook writes it, in float64."""

    def affine(matrix: np.ndarray, x: np.ndarray) -> np.ndarray:
        return matrix[0].astype(np.float64) + x @ matrix[1:].astype(np.float64)

    def logistic(x: np.ndarray) -> np.ndarray:
        return 1.0 / (1.0 + np.exp(-x))

    def gated(x: np.ndarray, inward: np.ndarray, around: np.ndarray, h: np.ndarray) -> np.ndarray:
        a, b = affine(inward, x), affine(around, h)
        reset, update = logistic(a[:HIDDEN] + b[:HIDDEN]), logistic((a + b)[HIDDEN : 2 * HIDDEN])
        new = np.tanh(a[2 * HIDDEN :] + reset * b[2 * HIDDEN :])
        return (1.0 - update) * new + update * h

    dense, first_in, first_around, second_in, second_around, heads = matrices
    lower, upper = np.zeros(HIDDEN), np.zeros(HIDDEN)
    activations, tempi = [], []
    for row in features:
        lower = gated(np.tanh(affine(dense, row)), first_in, first_around, lower)
        upper = gated(lower, second_in, second_around, upper)
        out = affine(heads, np.concatenate((lower, upper)))
        activations.append(logistic(out[: len(HEADS)]))
        shares = np.exp(out[len(HEADS) :] - out[len(HEADS) :].max())
        tempi.append(shares / shares.sum())
    return np.array(activations), np.array(tempi)


def run(network: Network, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    activations, tempi = [], []
    for row in features:
        network.step(row)
        activations.append(network.activations.copy())
        tempi.append(network.tempo.copy())
    return np.array(activations), np.array(tempi)


def test_kernel_is_the_textbook_network():
    weights = parse(file())
    features = np.random.default_rng(2).normal(size=(400, FEATURES)).astype(np.float32)
    activations, tempi = run(Network(weights), features)
    expected, expected_tempi = plain(weights.matrices, features)
    assert expected.std(axis=0).min() > 0.02, "the test would not notice dead outputs"
    np.testing.assert_allclose(activations, expected, atol=1e-5)
    np.testing.assert_allclose(tempi, expected_tempi, atol=1e-5)
    assert abs(tempi.sum(axis=1) - 1.0).max() < 1e-5


def test_functions_keep_their_promise():
    for x in np.random.default_rng(3).uniform(-20, 20, 4000).astype(np.float32):
        assert abs(sigmoid(x) - 1.0 / (1.0 + np.exp(-np.float64(x)))) < 2e-7
        assert abs(tanh(x) - np.tanh(np.float64(x))) < 4e-7
        assert abs(exp2(x) / np.exp2(np.float64(x)) - 1.0) < 3e-7
    assert sigmoid(np.float32(1e9)) == tanh(np.float32(1e9)) == 1.0
    assert sigmoid(np.float32(-1e9)) < 1e-15
    assert tanh(np.float32(-1e9)) == -1.0


def test_reset_forgets_everything():
    features = np.random.default_rng(4).normal(size=(50, FEATURES)).astype(np.float32)
    network = Network(parse(file()))
    first, tempo = run(network, features)
    second, _ = run(network, features)
    assert not np.array_equal(first, second), "it remembers"
    network.reset()
    third, again = run(network, features)
    np.testing.assert_array_equal(third, first)
    np.testing.assert_array_equal(again, tempo)


def test_weights_survive_the_file():
    given = layers(5)
    weights = parse(packed(given, "test", {"seed": 5}))
    for (weight, bias), matrix in zip(given, weights.matrices, strict=True):
        np.testing.assert_array_equal(matrix[0], bias)
        step = np.abs(weight).max(axis=1) / 32767
        assert (np.abs(matrix[1:].T - weight) <= 0.51 * step[:, None]).all()
    assert weights.header.recipe == {"seed": 5}
    assert weights.tempo[0] == 55.0
    assert weights.tempo[-1] == 220.0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a file of network weights"),
        (b"RIFF" + file()[4:], "not a file of network weights"),
        (file()[:-1], "sha256"),
        (file()[:-9] + b"\x55" + file()[-8:], "sha256"),
        (MAGIC + (9).to_bytes(4, "little") + b"{nothing}", "header is damaged"),
        (packed([(w[:, :-1], b) for w, b in layers(1)[:1]] + layers(1)[1:], "t", {}), "do not fit"),
        (packed(layers(1)[:-1], "t", {}), "5 layers, not 6"),
        (file().replace(b'"features":90', b'"features":91', 1), "91 features, not 90"),
        (file().replace(b'"beat"', b'"boat"', 1), "other outputs"),
    ],
)
def test_damaged_weights_are_refused(data, words):
    with pytest.raises(WeightsError, match=words) as caught:
        parse(data, where="some.bin")
    assert str(caught.value).startswith("some.bin: ")
    assert "train-beats" in str(caught.value)


def test_packaged_weights_belong_to_this_front_end():
    assert BEATNET.header.features_version == features_version(), "train again: the front end has changed"
    assert sum(2 * matrix.size for matrix in BEATNET.matrices) < 400_000
