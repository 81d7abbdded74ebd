"""What makes one candidate likelier than another: small factors, and the way they become a weight.

Every factor is a column of micro-units (int64, shape (n,)), so that a record can hold it exactly and
`combine` gives the same weight from the record as it gave in the draw::

    taste  = product of the factors named in TASTE
    weight = ((1 - explore) * taste + explore) * product of the factors named in LAW

The exploration floor lifts what merely does not fit; it lifts nothing that a rule excludes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

import numpy as np

from selector.catalog import Table
from selector.fixedpoint import I64, MICRO, MISSING, gauss_micro, power_micro, to_micro
from selector.settings import SelectSettings

WEIGHT_ONE: Final = 1_000_000_000
_WEIGHT_CAP: Final = 1_000_000_000_000  # times the greatest factor still fits 63 bits
_FACTOR_CAP: Final = 4 * MICRO

TASTE: Final = ("match", "quality", "visible", "tooStrong", "measured", "variety")
EXPLORE: Final = "explore"
LAW: Final = ("manifest", "repeat", "dedup", "turn", "asked", "blocked", "quarantine", "banned")

LOUD: Final = frozenset(("groove", "build", "drop", "peak"))

_Number = TypeVar("_Number", int, I64)


def combine(factors: Mapping[str, _Number], one: _Number) -> _Number:
    """The weight of these factors, exact integer arithmetic, rounded down after each product.

    Args:
        factors: micro-units by name, integers or columns, each in [0, 4 * MICRO].
        one: WEIGHT_ONE, as an integer or a column.

    Raises:
        ValueError: a name is unknown, so that no factor can be left out of a weight by mistake.
    """
    unknown = factors.keys() - {*TASTE, EXPLORE, *LAW}
    if unknown:
        raise ValueError(
            f"factor {sorted(unknown)[0]!r} is unknown; name it in weights.TASTE or weights.LAW."
        )
    weight = one
    for name in TASTE:
        if name in factors:
            weight = _capped(weight * factors[name] // MICRO)
    if EXPLORE in factors:
        explore = factors[EXPLORE]
        weight = ((MICRO - explore) * weight + explore * one) // MICRO
    for name in LAW:
        if name in factors:
            weight = _capped(weight * factors[name] // MICRO)
    return weight


def _capped(weight: _Number) -> _Number:
    if isinstance(weight, int):
        return min(weight, _WEIGHT_CAP)
    return np.minimum(weight, _WEIGHT_CAP)


def match(table: Table, intensity: int, settings: SelectSettings) -> I64:
    """Gaussian of the distance between strength rank and intensity; unknown strength: 1."""
    fit = gauss_micro(table.strength - intensity, settings.sigma)
    return np.where(table.strength == MISSING, MICRO, fit)


def quality(table: Table, settings: SelectSettings) -> I64:
    """`floor + (1 - floor) * quality01`, quality as scored or ranked; unknown quality: 1."""
    scored = table.quality_rank if settings.quality_scale == "rank" else table.quality
    floor = to_micro(settings.quality_floor)
    value = floor + ((MICRO - floor) * scored + MICRO // 2) // MICRO
    return np.where(scored == MISSING, MICRO, value)


def visible(table: Table, section: str, settings: SelectSettings) -> I64:
    """Loud sections: from `visible_factor` at strength rank 0 up to 1 at the floor."""
    if section not in LOUD:
        return _ones(table)
    return _ramp(table.strength, to_micro(settings.visible_floor), to_micro(settings.visible_factor))


def too_strong(table: Table, section: str, settings: SelectSettings) -> I64:
    """Quiet sections: from 1 at the ceiling down to `too_strong_factor` at strength rank 1."""
    if section in LOUD:
        return _ones(table)
    headroom = MICRO - to_micro(settings.too_strong_ceiling)
    from_top = np.where(table.strength == MISSING, MISSING, MICRO - table.strength)
    return _ramp(from_top, headroom, to_micro(settings.too_strong_factor))


def measured(table: Table, section: str, settings: SelectSettings) -> I64:
    """Too dark, too bright, or (loud sections) too still or of tier 'dark'; unmeasured: 1.

    Linear beyond a limit, down to `measured_factor` when it is missed by the share `tolerance`.
    """
    least = to_micro(settings.measured_factor)
    low, high = to_micro(settings.luma_min), to_micro(settings.luma_max)
    tolerance = settings.measured_tolerance
    factor = _below(table.luma, low, tolerance, least)
    above = _below(
        np.where(table.luma == MISSING, MISSING, MICRO - table.luma), MICRO - high, tolerance, least
    )
    factor = factor * above // MICRO
    if section in LOUD:
        factor = factor * _below(table.motion, to_micro(settings.motion_min), tolerance, least) // MICRO
        if table.kind == "pair":  # a preset's tier is part of `manifest`
            factor = factor * np.where(table.dark == 1, least, MICRO) // MICRO
    return factor


def variety(table: Table, shown: int | None, settings: SelectSettings) -> I64:
    """From `variety_factor` at the strength of what is on screen (micro-units) up to 1 at `reach`."""
    if shown is None or shown == MISSING:
        return _ones(table)
    distance = np.where(table.strength == MISSING, MISSING, np.abs(table.strength - shown))
    return _ramp(distance, to_micro(settings.variety_reach), to_micro(settings.variety_factor))


def manifest(table: Table) -> I64:
    """The app's run-manifest weight: tier x motion x luma; an unmeasured preset has 1.

    tier: strict 1, dark 0.6. motion: min(motion / 0.1, 2), unknown 0.05. luma: 1 - 2 |luma - 0.5|,
    unknown 0.5. (Section 2.3 of the app's plan, as published.)
    """
    touched = (table.luma != MISSING) | (table.motion != MISSING) | (table.dark == 1)
    motion = np.where(table.motion == MISSING, 50_000, table.motion)
    luma = np.where(table.luma == MISSING, MICRO // 2, table.luma)
    motion_score = np.minimum(motion * 10, 2 * MICRO)
    luma_score = np.maximum(MICRO - 2 * np.abs(luma - MICRO // 2), 0)
    tier = np.where(table.dark == 1, 600_000, MICRO)
    score: I64 = np.where(touched, tier * motion_score // MICRO * luma_score // MICRO, MICRO)
    return score


def repeat(table: Table, recent: list[int], shown: int | None, settings: SelectSettings) -> I64:
    """What is on screen gets `last_pick_factor`; the window before it recovers from `window_factor`.

    `recent` are indices, newest last. The window never covers more than half of the pack.
    """
    factor = _ones(table)
    length = min(settings.window, len(table) // 2)
    lowest = to_micro(settings.window_factor)
    for age, index in enumerate(reversed(recent[-length:] if length else [])):
        factor[index] = min(int(factor[index]), lowest + (MICRO - lowest) * age // length)
    if shown is not None:
        factor[shown] = to_micro(settings.last_pick_factor)
    return factor


def public_quality(table: Table, gamma: float) -> I64:
    """public_v0: (quality01 + 1e-6) ** gamma; unknown quality is 0.5."""
    q = np.where(table.quality == MISSING, MICRO // 2, table.quality)
    return np.minimum(power_micro((q + 1) / float(MICRO), gamma), _FACTOR_CAP)


def public_dedup(table: Table, recent: list[int], settings: SelectSettings) -> I64:
    """public_v0: 1 - penalty for the last N picks."""
    factor = _ones(table)
    if settings.public_dedup_n > 0:
        factor[recent[-settings.public_dedup_n :]] = MICRO - to_micro(settings.public_dedup_penalty)
    return factor


def excluded(table: Table, indices: list[int]) -> I64:
    """0 at these indices, 1 elsewhere."""
    factor = _ones(table)
    factor[indices] = 0
    return factor


def only(table: Table, index: int) -> I64:
    """1 at this index, 0 elsewhere."""
    factor = np.zeros(len(table), dtype=np.int64)
    factor[index] = MICRO
    return factor


def _ones(table: Table) -> I64:
    return np.full(len(table), MICRO, dtype=np.int64)


def _ramp(value: I64, full: int, least: int) -> I64:
    """`least` at 0, linear up to 1 at `full`; unknown values: 1."""
    if full <= 0:
        return np.full(value.shape, MICRO, dtype=np.int64)
    climb = least + (MICRO - least) * np.clip(value, 0, full) // full
    return np.where(value == MISSING, MICRO, climb)


def _below(value: I64, limit: int, tolerance: float, least: int) -> I64:
    """1 from `limit` up; below it linear down to `least` at `limit * (1 - tolerance)`."""
    reach = max(int(limit * tolerance), 1)
    short = np.clip(limit - np.where(value == MISSING, limit, value), 0, reach)
    factor: I64 = MICRO - (MICRO - least) * short // reach
    return factor
