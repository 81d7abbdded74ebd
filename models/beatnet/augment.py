"""Changes to features that other music, rooms, mixes and tempi would have made.

Done on features, not on audio, so that every step of training hears new variants at little cost.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.frames import LONG_HZ, SHORT_HZ

Float32 = NDArray[np.float32]

LEVELS = slice(0, len(LONG_HZ))
RISES = slice(len(LONG_HZ), 2 * len(LONG_HZ))
QUICK = slice(2 * len(LONG_HZ), 2 * len(LONG_HZ) + len(SHORT_HZ))
GROUPS = (LEVELS, RISES, QUICK)
MOST = 3.0
"""Features are clipped to this by the front end."""
STRETCH = 0.15
STRETCHED = 0.7
"""Share of windows whose tempo is changed: what always comes at one tempo is soon known by heart."""
MOVED = 1.5
"""Bands by which a sound may lie higher or lower than it was made."""


def random_stretch(random: np.random.Generator) -> float:
    """How much faster a stretch of music is to be played: exactly 1 in some cases."""
    return float(np.exp(random.uniform(-STRETCH, STRETCH))) if random.random() < STRETCHED else 1.0


def window(features: NDArray[np.float16], start: int, frames: int, stretch: float) -> Float32:
    """Frames of a clip, played `stretch` times as fast, between frames by straight lines.

    Args:
        features: float16[n, FEATURES].
        start: frames left out before.
        frames: how many to return; `start + frames * stretch <= n`.
        stretch: frames of the clip that pass in one.
    """
    if stretch == 1.0:
        return features[start : start + frames].astype(np.float32)
    position = np.maximum(start + np.arange(1, frames + 1) * stretch - 1.0, 0.0)
    low = np.minimum(position.astype(np.int64), len(features) - 2)
    share = (position - low).astype(np.float32)[:, None]
    near = features[low[0] : low[-1] + 2].astype(np.float32)
    low -= low[0]
    return np.asarray(near[low] * (1.0 - share) + near[low + 1] * share)


def disturb(features: Float32, random: np.random.Generator) -> None:
    """Change float32[n, FEATURES] in place, by draws from `random`."""
    if random.random() < 0.5:
        _move(features, random)
    _equalise(features, random)
    if random.random() < 0.3:
        _bury(features, random)
    if random.random() < 0.25:
        _narrow(features, random)
    if random.random() < 0.5:
        spread = np.float32(random.uniform(0.0, 0.1))
        features += spread * random.standard_normal(features.shape, dtype=np.float32)
    np.clip(features, -MOST, MOST, out=features)
    for group in (RISES, QUICK):
        np.maximum(features[:, group], 0.0, out=features[:, group])


def _move(features: Float32, random: np.random.Generator) -> None:
    """Everything higher or lower: other tunings of drums, other keys, other kits."""
    bands = random.uniform(-MOVED, MOVED)
    for group in GROUPS:
        count = group.stop - group.start
        # The quick bands lie about twice as far apart.
        share = bands if count == len(LONG_HZ) else 0.5 * bands
        position = np.clip(np.arange(count) - share, 0.0, count - 1.0)
        low = np.minimum(position.astype(np.int64), count - 2)
        part = (position - low).astype(np.float32)
        old = features[:, group].copy()
        features[:, group] = old[:, low] * (1.0 - part) + old[:, low + 1] * part


def _equalise(features: Float32, random: np.random.Generator) -> None:
    """Other dynamics, tilted over the bands, and other averages of the bands."""
    tilt = random.uniform(-0.15, 0.15)
    strength = 1.0 + random.uniform(-0.15, 0.15)
    for group in GROUPS:
        bands = group.stop - group.start
        factor = strength + tilt * np.linspace(-1.0, 1.0, bands) + 0.05 * random.standard_normal(bands)
        features[:, group] *= factor.astype(np.float32)
    features[:, LEVELS] += (0.1 * random.standard_normal(len(LONG_HZ))).astype(np.float32)


def _bury(features: Float32, random: np.random.Generator) -> None:
    """Noise under the music: each band has a floor, and what stays below it shows no rises."""
    floor = random.uniform(-1.5, 0.3) + 0.2 * random.standard_normal(len(LONG_HZ))
    levels, rises = features[:, LEVELS], features[:, RISES]
    floor = floor.astype(np.float32)
    above = levels - floor
    np.maximum(levels, floor, out=levels)
    # A rise cannot be more than what stands out of the noise.
    np.minimum(rises, np.maximum(above, 0.0), out=rises)
    features[:, QUICK] *= np.float32(random.uniform(0.3, 1.0))


def _narrow(features: Float32, random: np.random.Generator) -> None:
    """Only a part of the spectrum: small loudspeakers, a wall between, a filter on the mixer."""
    low, high = (
        (random.uniform(80, 400), 20000.0) if random.random() < 0.5 else (0.0, random.uniform(600, 6000))
    )
    for group, centres in zip(GROUPS, (LONG_HZ, LONG_HZ, SHORT_HZ), strict=True):
        outside = (np.array(centres) < low) | (np.array(centres) > high)
        features[:, group][:, outside] = 0.0
