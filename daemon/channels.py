"""Which channels of an input are left and right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def map_channels(block: NDArray[np.float32], pair: tuple[int, int]) -> NDArray[np.float32]:
    """Left and right out of all channels of an input.

    Args:
        block: float32 (n, channels).
        pair: channel numbers of left and right, counted from 1, none beyond `channels`
            (`daemon.devices.check_channels`). A block of one channel serves as both.

    Returns:
        float32 (n, 2), contiguous.
    """
    left, right = (1, 1) if block.shape[1] == 1 else pair
    stereo = np.empty((len(block), 2), np.float32)
    stereo[:, 0] = block[:, left - 1]
    stereo[:, 1] = block[:, right - 1]
    return stereo
