"""What makes one candidate likelier than another: small factors, and the way they become a weight.

Every factor is a count of micro-units, so that a record can hold it exactly and `combine` gives the same
weight from the record as the draw used::

    taste  = (1 - explore) * product of the factors in FIT * product of those in WORTH
    weight = (taste + explore) * product of those in STANDING * product of those in RULES

FIT changes with the sound and what is on screen, and is the same for all of one strength; WORTH and STANDING
belong to the entry; RULES single some entries out. The exploration floor lifts what merely does not fit; it
lifts nothing that a rule excludes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from dsp.snapshot import Section
from selector.catalog import Table
from selector.filter_settings import FilterSettings
from selector.fixedpoint import I64, LOG2_E, MICRO, MISSING, exp2_neg, power_micro, round_micro, to_micro
from selector.settings import Kind, SelectSettings
from selector.style import NONE
from selector.style_settings import SceneSettings

WEIGHT_ONE: Final = MICRO * MICRO
"""Weight of an entry whose factors are all 1."""
_FACTOR_CAP: Final = 4 * MICRO

FIT: Final = ("match", "visible", "tooStrong", "variety", "style", "band")
WORTH: Final = ("quality", "predQuality", "measured", "scene", "effect")
STANDING: Final = ("manifest", "blocked", "filtered")
RULES: Final = (
    "repeat", "rating", "author", "family", "look", "sameAuthor", "dedup", "turn", "asked", "quarantine",
    "banned", "unshown",
)  # fmt: skip
TASTE: Final = (
    "match", "quality", "predQuality", "visible", "tooStrong", "measured", "scene", "effect", "variety",
    "style", "band",
)  # fmt: skip
EXPLORE: Final = "explore"
LAW: Final = (*STANDING, *RULES)
_KNOWN: Final = frozenset((*TASTE, EXPLORE, *LAW))

LOUD: Final = frozenset(("groove", "build", "drop", "peak"))


class Columns(NamedTuple):
    """What factors are made of: micro-units or MISSING, int64[n] each; `dark` and `blocked` are 0 or 1."""

    strength: I64
    warp: I64
    cx: I64
    quality: I64
    quality_rank: I64
    quality_gap: I64
    score: I64
    luma: I64
    luma_rank: I64
    motion: I64
    motion_rank: I64
    dark: I64
    blocked: I64

    @classmethod
    def of(cls, table: Table) -> Columns:
        """All of a table."""
        return cls(*(getattr(table, name) for name in cls._fields))

    def at(self, indices: Sequence[int]) -> Columns:
        """Those of some entries."""
        return Columns(*(column[np.array(indices, dtype=np.int64)] for column in self))


def combine(factors: Mapping[str, int]) -> int:
    """The weight of these factors, exact integer arithmetic, rounded down after each product.

    Args:
        factors: micro-units by name, each in [0, 4 * MICRO]; what is absent is 1, or 0 for `explore`.

    Raises:
        ValueError: a name is unknown, so that no factor can be left out of a weight by mistake.
    """
    unknown = factors.keys() - _KNOWN
    if unknown:
        raise ValueError(
            f"factor {sorted(unknown)[0]!r} is unknown; name it in weights.TASTE or weights.LAW."
        )
    explore = factors.get(EXPLORE, 0)
    level = (MICRO - explore) * product(factors, FIT) // MICRO
    standing = product(factors, STANDING)
    weight = level * (product(factors, WORTH) * standing // MICRO) + explore * standing
    return weight * product(factors, RULES) // MICRO


def product(factors: Mapping[str, int], names: tuple[str, ...]) -> int:
    """Product of those of `names` that are there, rounded down at each step."""
    result = MICRO
    for name in names:
        result = result * factors.get(name, MICRO) // MICRO
    return result


def dials(settings: SelectSettings) -> I64:
    """The settings as `kernels.fit` takes them; the moment sets the rest."""
    s = settings
    return np.array(
        [
            0,
            0,
            to_micro(s.visible_factor),
            0,
            to_micro(s.too_strong_factor),
            MISSING,
            to_micro(s.variety_reach),
            to_micro(s.variety_factor),
            to_micro(s.explore),
            NONE,
            NONE,
        ],
        dtype=np.int64,
    )


def limits(settings: SelectSettings) -> dict[Section, tuple[int, int]]:
    """Of each section the visible floor, and the headroom that is too strong, in micro-units; 0 for none."""
    sections: tuple[Section, ...] = get_args(Section)
    floor, ceiling = settings.visible_floor, settings.too_strong_ceiling
    return {s: (to_micro(floor.get(s, 0.0)), MICRO - to_micro(ceiling.get(s, 1.0))) for s in sections}


def quality(columns: Columns, settings: SelectSettings) -> I64:
    """`floor + (1 - floor) * quality01`, quality as scored, ranked or as a softmax; unknown quality: 1."""
    match settings.quality_scale:
        case "raw":
            scored = columns.quality
        case "rank":
            scored = columns.quality_rank
        case "softmax":
            scored = _softmax(columns.quality_gap, settings.quality_temperature)
    floor = to_micro(settings.quality_floor)
    value = floor + ((MICRO - floor) * scored + MICRO // 2) // MICRO
    return np.where(scored == MISSING, MICRO, value)


def pred_quality(columns: Columns, settings: SelectSettings) -> I64:
    """The same floor for a predicted score; without one: 1."""
    floor = to_micro(settings.quality_floor)
    value = floor + ((MICRO - floor) * columns.score + MICRO // 2) // MICRO
    return np.where(columns.score == MISSING, MICRO, value)


def scene(columns: Columns, kind: Kind, section: Section, settings: SceneSettings) -> I64:
    """How well measured luma and, of pairs, motion suit the section: linear down to `factor`; unknown: 1."""
    factor = _beside(columns.luma_rank, settings.luma.get(section), settings)
    if kind == "pair":
        factor = factor * _beside(columns.motion_rank, settings.motion.get(section), settings) // MICRO
    return factor


def _beside(rank: I64, target: float | None, settings: SceneSettings) -> I64:
    if target is None:
        return np.full(len(rank), MICRO, dtype=np.int64)
    least, reach = to_micro(settings.factor), to_micro(settings.reach)
    away = np.minimum(np.abs(rank - to_micro(target)), reach)
    return np.where(rank == MISSING, MICRO, MICRO - (MICRO - least) * away // reach)


def _softmax(gap: I64, temperature: float) -> I64:
    """`exp(-gap / temperature)`: what a softmax makes of qualities, the best having 1."""
    share = round_micro(exp2_neg(np.maximum(gap, 0) / (MICRO * temperature) * LOG2_E))
    return np.where(gap == MISSING, MISSING, share)


def measured(columns: Columns, kind: Kind, loud: bool, settings: SelectSettings) -> I64:
    """Too dark, too bright, or (loud sections) too still or of tier 'dark'; unmeasured: 1.

    Linear beyond a limit, down to `measured_factor` when it is missed by the share `tolerance`.
    """
    least = to_micro(settings.measured_factor)
    low, high = to_micro(settings.luma_min), to_micro(settings.luma_max)
    tolerance = settings.measured_tolerance
    factor = _below(columns.luma, low, tolerance, least)
    above = _below(
        np.where(columns.luma == MISSING, MISSING, MICRO - columns.luma), MICRO - high, tolerance, least
    )
    factor = factor * above // MICRO
    if loud:
        factor = factor * _below(columns.motion, to_micro(settings.motion_min), tolerance, least) // MICRO
        if kind == "pair":  # a preset's tier is part of `manifest`
            factor = factor * np.where(columns.dark == 1, least, MICRO) // MICRO
    return factor


def limited(settings: SelectSettings) -> bool:
    """Whether `effect` has a limit at all."""
    return settings.warp_min > 0.0 or settings.cx_min > 0.0


def effect(columns: Columns, settings: SelectSettings) -> I64:
    """A pair of a warp_diff or cx_diff too small to be seen: linear from `visible_factor` at 0."""
    least = to_micro(settings.visible_factor)
    shown = _below(columns.warp, to_micro(settings.warp_min), 1.0, least)
    return shown * _below(columns.cx, to_micro(settings.cx_min), 1.0, least) // MICRO


def filtered(columns: Columns, kind: Kind, settings: FilterSettings) -> I64:
    """0 for what was measured and lies outside of the limits, else 1."""
    score = columns.quality if kind == "pair" else columns.score
    out = _lower(columns.luma, settings.luma_min) | _lower(columns.motion, settings.motion_min)
    out |= columns.luma > to_micro(settings.luma_max)
    out |= _lower(score, settings.score_min)
    return np.where(out, 0, MICRO)


def manifest(columns: Columns) -> I64:
    """The app's run-manifest weight: tier x motion x luma; an unmeasured preset has 1.

    tier: strict 1, dark 0.6. motion: min(motion / 0.1, 2), unknown 0.05. luma: 1 - 2 |luma - 0.5|,
    unknown 0.5. (Section 2.3 of the app's plan, as published.)
    """
    touched = (columns.luma != MISSING) | (columns.motion != MISSING) | (columns.dark == 1)
    motion = np.where(columns.motion == MISSING, 50_000, columns.motion)
    luma = np.where(columns.luma == MISSING, MICRO // 2, columns.luma)
    motion_score = np.minimum(motion * 10, 2 * MICRO)
    luma_score = np.maximum(MICRO - 2 * np.abs(luma - MICRO // 2), 0)
    tier = np.where(columns.dark == 1, 600_000, MICRO)
    score: I64 = np.where(touched, tier * motion_score // MICRO * luma_score // MICRO, MICRO)
    return score


def public_quality(columns: Columns, gamma: float) -> I64:
    """public_v0: (quality01 + 1e-6) ** gamma; unknown quality is 0.5."""
    q = np.where(columns.quality == MISSING, MICRO // 2, columns.quality)
    return np.minimum(power_micro((q + 1) / float(MICRO), gamma), _FACTOR_CAP)


def _lower(value: I64, limit: float) -> NDArray[np.bool_]:
    lower: NDArray[np.bool_] = (value != MISSING) & (value < to_micro(limit))
    return lower


def _below(value: I64, limit: int, tolerance: float, least: int) -> I64:
    """1 from `limit` up; below it linear down to `least` at `limit * (1 - tolerance)`."""
    reach = max(int(limit * tolerance), 1)
    short = np.clip(limit - np.where(value == MISSING, limit, value), 0, reach)
    factor: I64 = MICRO - (MICRO - least) * short // reach
    return factor
