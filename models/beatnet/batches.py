"""Batches for training: windows of random clips, changed at random, cut into one another.

A batch depends on its randomness and the pieces alone, so training can stop and go on anywhere.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dsp.frames import FEATURES
from models.beatnet.augment import disturb, random_stretch, window
from models.beatnet.dataset import Piece
from models.beatnet.targets import Targets, targets_of

Float32 = NDArray[np.float32]

CUT = 0.4
"""Share of rows in which another track cuts in."""
FROM_THE_TOP = 0.25
"""Share of windows that begin where their clip does."""
LEAST = 200
"""Frames of the shortest stretch of one clip, unless the row ends first."""
CARRIED = 0.5
"""Share of rows that start with the state that the row before left: a cut from other music, out of the middle
of whatever the network was doing; the others start with the empty state of a daemon just begun."""


class Batch(NamedTuple):
    """Rows side by side: time first, as the recurrent layers want it.

    Attributes:
        features: float32[frames, rows, FEATURES].
        targets: arrays as in `Targets`, with rows as second axis.
        carried: float32[rows], 1 where the state of the row before stays.
    """

    features: Float32
    targets: Targets
    carried: Float32

    def part(self, index: int, frames: int) -> Batch:
        """The part from frame `index * frames` on; all but the first go on from the one before."""
        span = slice(index * frames, (index + 1) * frames)
        carried = np.ones_like(self.carried) if index else self.carried
        return Batch(self.features[span], Targets(*(array[span] for array in self.targets)), carried)


def batch(pieces: list[Piece], random: np.random.Generator, rows: int, frames: int) -> Batch:
    """Draw a batch.

    Args:
        pieces: to choose from.
        random: of all draws.
        rows: windows side by side.
        frames: length of each row.
    """
    features = np.zeros((frames, rows, FEATURES), dtype=np.float32)
    one = targets_of(pieces[0].truth, 1)
    targets = Targets(*(np.zeros((frames, rows, *array.shape[1:]), dtype=np.float32) for array in one))
    carried = (random.random(rows) < CARRIED).astype(np.float32)
    for row in range(rows):
        cut = int(random.integers(LEAST, frames - LEAST)) if random.random() < CUT else frames
        begin = 0
        while begin < frames:
            end = cut if begin < cut else frames
            begin += _stretch(pieces, random, features[begin:end, row], [a[begin:end, row] for a in targets])
    return Batch(features, targets, carried)


def _stretch(
    pieces: list[Piece], random: np.random.Generator, features: Float32, targets: list[Float32]
) -> int:
    """Fill the arrays from the front with one random window.

    Returns:
        frames filled: all, unless the clip was shorter.
    """
    piece = pieces[int(random.integers(len(pieces)))]
    stretch = random_stretch(random)
    available = int(len(piece.features) / stretch)
    frames = min(len(features), available)
    spare = int(len(piece.features) - frames * stretch)
    start = 0 if random.random() < FROM_THE_TOP else int(random.integers(spare + 1))
    features[:frames] = window(piece.features, start, frames, stretch)
    disturb(features[:frames], random)
    for array, values in zip(targets, targets_of(piece.truth, frames, start, stretch), strict=True):
        array[:frames] = values
    return frames
