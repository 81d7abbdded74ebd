"""From floating-point matrices to a weights file; its form is described in `dsp/weights_file.py`."""

from __future__ import annotations

import hashlib

import msgspec
import numpy as np
from numpy.typing import NDArray

from dsp.onset_network import MAGIC, Header
from models.beatnet.export import quantised

Float32 = NDArray[np.float32]


def packed(
    layers: list[tuple[Float32, Float32]],
    thresholds: list[float],
    version: str,
    recipe: dict[str, str | int | float],
) -> bytes:
    """A weights file.

    Args:
        layers: weights float32[outputs, inputs] and bias float32[outputs] of each of `LAYERS`.
        thresholds: of the probabilities.
        version: of the features, from `models.onsets.clips.features_version`.
        recipe: how they were trained, for the header.
    """
    payload = b"".join(quantised(weight, bias) for weight, bias in layers)
    header = Header(
        features_version=version,
        shapes=[(weight.shape[1], weight.shape[0]) for weight, _ in layers],
        thresholds=[round(value, 3) for value in thresholds],
        payload_sha256=hashlib.sha256(payload).hexdigest(),
        recipe=recipe,
    )
    text = msgspec.json.encode(header)
    return MAGIC + len(text).to_bytes(4, "little") + text + payload
