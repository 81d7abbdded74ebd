"""The beat network: what its outputs are, how its weights are stored, and one frame after another.

The form of a weights file is told in `weights_file`; its layers are `LAYERS`.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from dsp.errors import WeightsError
from dsp.frames import FEATURES
from dsp.kernels.network import advance
from dsp.weights_file import matrices, opened, payload_bytes

Float32 = NDArray[np.float32]

HEADS = (
    *("beat", "downbeat", "onset", "kick", "clap", "hihat"),
    *("music", "breakdown", "build", "drop"),
)
"""What the activations say, each 0..1, in their order.

The first six are instants: near an event that lies at frame p (a real number) the activation aims at
`1 - |k - p| / REACH`, so neighbouring activations tell the time between the frames. The others are states.
"""
POINTS = 6
"""How many of `HEADS`, from the first, are instants."""
REACH = 1.5
"""Frames from an instant at which its activation has fallen to 0."""
TEMPO_BINS = 48
LAYERS = ("dense", "first_in", "first_around", "second_in", "second_around", "heads")
MAGIC = b"AIVJDNN1"
REPAIR = "install aivjd again, or make weights with `aivjd models train-beats`"


class Header(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a weights file says about itself.

    Attributes:
        features: values in a frame.
        features_version: names the behaviour of the front end that the network was trained with.
        heads: names of the activations.
        delays: frames by which each activation lags: that of frame k is about `(k - delay) / 100` s.
        tempo: beats per minute of the tempo bins, ascending.
        shapes: `[inputs, outputs]` of each layer.
        payload_sha256: of all bytes after the header.
        recipe: how it was trained.
    """

    features: int
    features_version: str
    heads: list[str]
    delays: list[int]
    tempo: list[float]
    shapes: list[tuple[int, int]]
    payload_sha256: str
    recipe: dict[str, str | int | float] = msgspec.field(default_factory=dict)


class Weights(NamedTuple):
    """A network ready to run.

    Attributes:
        header: what the file says about itself.
        matrices: float32[1 + inputs, outputs] of each of `LAYERS`; row 0 is the bias. Not to be written to.
        delays: int32[len(HEADS)], frames.
        tempo: float32[TEMPO_BINS], beats per minute of the bins.
        sha256: of the whole file.
    """

    header: Header
    matrices: tuple[Float32, ...]
    delays: NDArray[np.int32]
    tempo: Float32
    sha256: str


def parse(data: bytes, where: str = "weights") -> Weights:
    """Read a weights file.

    Args:
        data: the file's bytes.
        where: its name, for messages.

    Raises:
        WeightsError: it is damaged, or made for other features or outputs than this program's.
    """
    header, payload = opened(data, MAGIC, Header, where=where, repair=REPAIR)
    fault = _fault(header, len(payload))
    if fault:
        raise WeightsError(fault, where=where, fix=REPAIR)
    return Weights(
        header,
        matrices(header.shapes, payload),
        np.array(header.delays, dtype=np.int32),
        np.array(header.tempo, dtype=np.float32),
        hashlib.sha256(data).hexdigest(),
    )


def _fault(header: Header, payload: int) -> str:
    """Why a network with this header cannot run here; empty if it can."""
    if header.features != FEATURES:
        return f"made for frames of {header.features} features, not {FEATURES}"
    if tuple(header.heads) != HEADS or len(header.delays) != len(HEADS) or len(header.tempo) != TEMPO_BINS:
        return "made for other outputs than this program reads"
    if len(header.shapes) != len(LAYERS):
        return f"has {len(header.shapes)} layers, not {len(LAYERS)}"
    dense, hidden = header.shapes[0][1], header.shapes[2][0]
    expected = [
        (FEATURES, dense),
        *((dense, 3 * hidden), (hidden, 3 * hidden)),
        *((hidden, 3 * hidden), (hidden, 3 * hidden)),
        (2 * hidden, len(HEADS) + TEMPO_BINS),
    ]
    if header.shapes != expected or 3 * hidden < max(dense, len(HEADS) + TEMPO_BINS):
        return "its layers do not fit one another"
    if payload != payload_bytes(expected):
        return "its contents are shorter or longer than its layers"
    return ""


class Network:
    """The network with its memory of what it has heard.

    Attributes:
        weights: what it runs with.
        activations: float32[len(HEADS)] of the newest frame, each 0..1.
        tempo: float32[TEMPO_BINS] of the newest frame: probabilities, sum 1.
    """

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        hidden = weights.header.shapes[2][0]
        self._states = np.zeros(2 * hidden, dtype=np.float32)
        self._work = np.zeros((3, 3 * hidden), dtype=np.float32)
        self.activations: Float32 = np.zeros(len(HEADS), dtype=np.float32)
        self.tempo: Float32 = np.zeros(TEMPO_BINS, dtype=np.float32)

    def step(self, features: Float32) -> None:
        """Hear the features of one frame, float32[FEATURES]."""
        dense, first_in, first_around, second_in, second_around, heads = self.weights.matrices
        advance(
            features,
            dense,
            first_in,
            first_around,
            second_in,
            second_around,
            heads,
            self._states,
            self._work,
            self.activations,
            self.tempo,
        )

    def reset(self) -> None:
        """Forget everything heard."""
        self._states[:] = 0.0
        self.activations[:] = 0.0
        self.tempo[:] = 0.0
