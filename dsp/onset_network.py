"""The onset network: what its outputs are, how its weights are stored, and one hop after another.

The form of a weights file is told in `weights_file`; its layers are `LAYERS`.
"""

from __future__ import annotations

import hashlib
from typing import Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from dsp.errors import WeightsError
from dsp.kernels.onset_network import advance
from dsp.onset_features import FEATURES
from dsp.weights_file import matrices, opened, payload_bytes

Float32 = NDArray[np.float32]

OnsetClass = Literal["kick", "clap", "hihat", "other"]
CLASSES: tuple[OnsetClass, ...] = ("kick", "clap", "hihat", "other")
OUTPUTS = 1 + len(CLASSES) + 1
"""Probability that something began within the last three hops; the same of each class; how many hops ago."""
LAYERS = ("dense", "inward", "around", "heads")
MAGIC = b"AIVJDON1"
REPAIR = "install aivjd again, or make weights with `aivjd models train-onsets`"


class Header(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a weights file says about itself.

    Attributes:
        features_version: names the behaviour of the front end that the network was trained with.
        shapes: `[inputs, outputs]` of each layer.
        thresholds: of the probabilities, in their order.
        payload_sha256: of all bytes after the header.
        recipe: how it was trained.
    """

    features_version: str
    shapes: list[tuple[int, int]]
    thresholds: list[float]
    payload_sha256: str
    recipe: dict[str, str | int | float] = msgspec.field(default_factory=dict)


class OnsetWeights(NamedTuple):
    """A network ready to run.

    Attributes:
        header: what the file says about itself.
        matrices: float32[1 + inputs, outputs] of each of `LAYERS`; row 0 is the bias. Not to be written to.
        sha256: of the whole file.
    """

    header: Header
    matrices: tuple[Float32, ...]
    sha256: str


def parse(data: bytes, where: str = "weights") -> OnsetWeights:
    """Read a weights file.

    Args:
        data: the file's bytes.
        where: its name, for messages.

    Raises:
        WeightsError: it is damaged, or made for other features or outputs than this program's.
    """
    header, payload = opened(data, MAGIC, Header, where=where, repair=REPAIR)
    dense, hidden = (header.shapes[0][1], header.shapes[-1][0]) if header.shapes else (0, 0)
    expected = [(FEATURES, dense), (dense, 3 * hidden), (hidden, 3 * hidden), (hidden, OUTPUTS)]
    fits = header.shapes == expected and 0 < dense <= 3 * hidden
    if not fits or payload_bytes(expected) != len(payload):
        raise WeightsError("its layers do not fit this program", where=where, fix=REPAIR)
    if len(header.thresholds) != OUTPUTS - 1 or not all(0.0 < value < 1.0 for value in header.thresholds):
        raise WeightsError("its thresholds do not fit its outputs", where=where, fix=REPAIR)
    return OnsetWeights(header, matrices(expected, payload), hashlib.sha256(data).hexdigest())


class OnsetNetwork:
    """The network with its memory of what it has heard.

    Attributes:
        out: float32[OUTPUTS] of the newest hop.
    """

    def __init__(self, weights: OnsetWeights) -> None:
        self._matrices = weights.matrices
        hidden = weights.header.shapes[-1][0]
        self._state = np.zeros(hidden, dtype=np.float32)
        self._work = np.zeros((3, 3 * hidden), dtype=np.float32)
        self.out: Float32 = np.zeros(OUTPUTS, dtype=np.float32)

    def step(self, features: Float32) -> Float32:
        """Hear the features of one hop, float32[FEATURES]; returns `out`."""
        dense, inward, around, heads = self._matrices
        advance(features, dense, inward, around, heads, self._state, self._work, self.out)
        return self.out
