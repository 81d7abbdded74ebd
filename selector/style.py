"""Which style and band the sound wants; their numbers."""

from __future__ import annotations

from typing import Final

import numpy as np

from dsp.snapshot import ExpressiveAudioSnapshot, Section
from selector.fixedpoint import I64, MICRO, MISSING, to_micro
from selector.style_settings import StyleSettings

STYLES: Final = ("calm", "groove", "peak")
BANDS: Final = ("low", "mid", "high")
NONE: Final = 3
"""Number of a style or band that is not known, or of none that is wanted."""


def numbered(column: I64, names: tuple[str, ...], order: tuple[str, ...]) -> I64:
    """A column of a table, whose numbers stand for `names`, by the numbers of `order`; NONE for others."""
    number = np.array(
        [order.index(name) if name in order else NONE for name in names] + [NONE], dtype=np.int64
    )
    return number[np.where(column == MISSING, len(names), column)]


def wanted_style(section: Section, intensity: int, settings: StyleSettings) -> int:
    """Number of the style: of the kind of night, else of the section, else by intensity (micro-units)."""
    fixed = settings.profiles.get(settings.profile) or settings.sections.get(section)
    if fixed is not None:
        return STYLES.index(fixed)
    return int(intensity > to_micro(settings.calm_max)) + int(intensity > to_micro(settings.groove_max))


def wanted_band(snapshot: ExpressiveAudioSnapshot) -> int:
    """Number of the band that is strongest in the sound; ties go to mid, then low. None without sound."""
    if not snapshot.audio_valid:
        return NONE
    low, mid, high = snapshot.bass01, snapshot.mid01, snapshot.high01
    if mid >= low and mid >= high:
        return 1
    return 0 if low >= high else 2


def suits(settings: StyleSettings) -> I64:
    """Factors of each style by the one wanted, then of each band, as `kernels.fit` takes them."""
    table = np.full((8, 4), MICRO, dtype=np.int64)
    near, far, other = (
        to_micro(share) for share in (settings.near_factor, settings.far_factor, settings.band_factor)
    )
    for wanted in range(NONE):
        for has in range(NONE):
            table[wanted, has] = (MICRO, near, far)[abs(wanted - has)]
            table[4 + wanted, has] = MICRO if wanted == has else other
    return table
