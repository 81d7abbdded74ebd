"""How a trained network is stored, whichever it is.

A magic number, the length of the header (uint32), the header (JSON), and the payload: for each layer, in
order, `scale` float32[o], `bias` float32[o] and `steps` int16[i, o], all little-endian; the weight from input
i to output o is `steps[i, o] * scale[o]`.
"""

from __future__ import annotations

import hashlib
from typing import Protocol, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from dsp.errors import WeightsError

Float32 = NDArray[np.float32]
Shape = tuple[int, int]


class Described(Protocol):
    """What every header holds."""

    @property
    def payload_sha256(self) -> str:
        """Of all bytes after the header."""


H = TypeVar("H", bound=Described)


def opened(data: bytes, magic: bytes, header: type[H], *, where: str, repair: str) -> tuple[H, bytes]:
    """Header and payload of a weights file.

    Args:
        data: the file's bytes.
        magic: its first bytes.
        header: type of the header.
        where: name of the file, for messages.
        repair: what helps if it cannot be used.

    Raises:
        WeightsError: it is another kind of file, or damaged.
    """
    start = len(magic) + 4
    if data[: len(magic)] != magic or len(data) < start:
        raise WeightsError("not a file of network weights", where=where, fix=repair)
    begin = start + int.from_bytes(data[len(magic) : start], "little")
    try:
        found = msgspec.json.decode(data[start:begin], type=header)
    except msgspec.DecodeError as error:
        raise WeightsError(f"its header is damaged ({error})", where=where, fix=repair) from error
    payload = data[begin:]
    if hashlib.sha256(payload).hexdigest() != found.payload_sha256:
        raise WeightsError("its contents do not have the sha256 its header names", where=where, fix=repair)
    return found, payload


def payload_bytes(shapes: list[Shape]) -> int:
    """Length of the payload of layers `[inputs, outputs]`."""
    return sum(8 * outputs + 2 * inputs * outputs for inputs, outputs in shapes)


def matrices(shapes: list[Shape], payload: bytes) -> tuple[Float32, ...]:
    """Layers float32[1 + inputs, outputs], row 0 the bias, of a payload that has `payload_bytes` bytes."""
    made, begin = [], 0
    for inputs, outputs in shapes:
        scale = np.frombuffer(payload, "<f4", outputs, begin)
        bias = np.frombuffer(payload, "<f4", outputs, begin + 4 * outputs)
        steps = np.frombuffer(payload, "<i2", inputs * outputs, begin + 8 * outputs)
        begin += 8 * outputs + 2 * inputs * outputs
        matrix = np.empty((1 + inputs, outputs), dtype=np.float32)
        matrix[0] = bias
        matrix[1:] = steps.reshape(inputs, outputs).astype(np.float32) * scale
        made.append(matrix)
    return tuple(made)
