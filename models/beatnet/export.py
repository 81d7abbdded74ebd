"""From floating-point matrices to a weights file; its form is described in `dsp/weights_file.py`."""

from __future__ import annotations

import hashlib

import msgspec
import numpy as np
from numpy.typing import NDArray

from dsp.frames import FEATURES
from dsp.network import HEADS, MAGIC, Header
from models.beatnet.targets import DELAYS, TEMPO

Float32 = NDArray[np.float32]

STEPS = 32767


def packed(
    layers: list[tuple[Float32, Float32]], version: str, recipe: dict[str, str | int | float]
) -> bytes:
    """A weights file.

    Args:
        layers: weights float32[outputs, inputs] and bias float32[outputs] of each of `dsp.network.LAYERS`.
        version: of the features, from `models.beatnet.dataset.features_version`.
        recipe: how they were trained, for the header.
    """
    payload = b"".join(quantised(weight, bias) for weight, bias in layers)
    header = Header(
        features=FEATURES,
        features_version=version,
        heads=list(HEADS),
        delays=list(DELAYS),
        tempo=[round(bpm, 4) for bpm in TEMPO],
        shapes=[(weight.shape[1], weight.shape[0]) for weight, _ in layers],
        payload_sha256=hashlib.sha256(payload).hexdigest(),
        recipe=recipe,
    )
    text = msgspec.json.encode(header)
    return MAGIC + len(text).to_bytes(4, "little") + text + payload


def quantised(weight: Float32, bias: Float32) -> bytes:
    """One layer: each output's weights in 65535 steps of a size of its own; biases as they are."""
    scale = np.maximum(np.abs(weight).max(axis=1), 1e-12).astype("<f4") / np.float32(STEPS)
    steps = np.clip(np.rint(weight / scale[:, None]), -STEPS, STEPS).astype("<i2")
    return b"".join((scale.tobytes(), bias.astype("<f4").tobytes(), steps.T.tobytes()))
