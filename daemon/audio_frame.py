"""The binary frame that lets every browser show the same sound. Layout: `docs/wire-protocol.md`."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

MAGIC = b"AIVJ"
VERSION = 1
KIND_AUDIO = 1
WAVEFORM = 1024  # samples a channel
BANDS = 64
FULL_SCALE = 1 << 23

_header = struct.Struct("<4sBBHIfQd")
HEADER_BYTES = _header.size
FRAME_BYTES = HEADER_BYTES + 2 * WAVEFORM + BANDS


def pack_audio(
    block: npt.NDArray[np.int32],
    spectrum: npt.NDArray[np.uint8],
    gain: float,
    sample: int,
    at_ms: float,
) -> bytes:
    """Pack 1024 samples of stereo and a spectrum.

    Args:
        block: int32 [1024, 2], 24-bit samples (right-aligned, -2^23 to 2^23 - 1), oldest first.
        spectrum: uint8 [64], log-spaced bands, 0 to 255 for -80 to 0 dB.
        gain: linear, applied to the waveform before it is quantised; what overshoots is clipped.
        sample: session index just after the last sample.
        at_ms: monotonic time of that moment, in milliseconds.

    Returns:
        2,144 bytes.

    Raises:
        ValueError: an array has another shape, or the gain is not a finite number >= 0.
    """
    if block.shape != (WAVEFORM, 2) or spectrum.shape != (BANDS,):
        raise ValueError(f"expected [{WAVEFORM}, 2] and [{BANDS}], got {block.shape} and {spectrum.shape}")
    if not 0.0 <= gain < float("inf"):
        raise ValueError(f"gain must be finite and not negative, got {gain}")
    # As an AnalyserNode does it: floor(128 * (1 + x)), clipped to a byte (Web Audio API, 1.8.5).
    bytes_ = np.clip(np.floor(block * (128.0 * gain / FULL_SCALE) + 128.0), 0.0, 255.0).astype(np.uint8)
    header = _header.pack(MAGIC, VERSION, KIND_AUDIO, BANDS, WAVEFORM, gain, sample, at_ms)
    return b"".join(
        (header, bytes_[:, 0].tobytes(), bytes_[:, 1].tobytes(), spectrum.astype(np.uint8).tobytes())
    )
