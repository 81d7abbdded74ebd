"""Which presets become pairs and which stay single: spread over strength, apart by family, repeatable.

Nothing here draws from a generator with a state: every choice is the smallest of a set by a key that ends
in a hash of (seed, content ids), so the same presets and seed always give the same pack, in any order of
reading.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from models.errors import PackError
from models.families import authors, families
from models.measure.rig import Seen
from models.measure.table import key
from models.packs.butterchurn import Preset
from models.packs.canonical import draw64
from models.packs.differences import cx_diff, displacement, warp_diff

BANDS = 12
"""Strength is cut into this many bands of equal width, and each gives the same number of pairs."""

VISIBLE = 0.001
"""Least difference of a pair in either respect, where the app's own pairs start too."""

LUMA_RANGE = (0.03, 0.9)
"""Mean brightness that a layer may have: darker ones are not seen, brighter ones leave nothing to see."""

AGREEMENT = 0.2
"""How far a pair's rank in measured motion may lie from its strength."""


_MIDDLING = Seen(luma=0.24, motion=0.025, fault="")
"""Stands for a preset that was not measured: about the median of those that were."""


@dataclass(frozen=True)
class Pair:
    """A foreground over a background.

    Attributes:
        fg: the preset in front, from the darker half.
        bg: the preset behind, from the brighter half.
        warp_diff: how differently they deform the picture, see `differences`.
        cx_diff: how differently they move it.
        strength01: mean of the two differences' ranks among all possible pairs, 0 calm .. 1 violent.
    """

    fg: Preset
    bg: Preset
    warp_diff: float
    cx_diff: float
    strength01: float


@dataclass(frozen=True)
class Choice:
    """What goes into a pack: pairs from calm to violent, and presets to be shown alone."""

    pairs: list[Pair]
    singles: list[Preset]


def choose(
    presets: Sequence[Preset], table: Mapping[str, Seen], *, pairs: int, singles: int, seed: int
) -> Choice:
    """Choose `pairs` pairs and `singles` single presets; no preset is used twice.

    Args:
        presets: what may be used, no two with the same content.
        table: what measuring saw, by `measure.table.key`; what is not in it counts as middling.
        pairs: number of pairs, a multiple of `BANDS` for an even spread.
        singles: number of single presets.
        seed: chooses among equals.

    Raises:
        PackError: there are too few presets.
    """
    needed = 2 * pairs + singles
    if len(presets) < needed:
        raise PackError(
            f"{pairs} pairs and {singles} singles need {needed} presets, and {len(presets)} are usable",
            fix="ask for fewer",
        )
    ordered = sorted(presets, key=lambda preset: preset.content_id)
    family = dict(zip((p.content_id for p in ordered), families(ordered), strict=True))
    chosen = _spread(_candidates(ordered, table, family), pairs, seed)
    used = {preset.content_id for pair in chosen for preset in (pair.fg, pair.bg)}
    rest = [preset for preset in ordered if preset.content_id not in used]
    return Choice(chosen, _diverse(rest, family, singles, seed))


def _candidates(
    presets: Sequence[Preset], table: Mapping[str, Seen], family: Mapping[str, int]
) -> list[Pair]:
    """Every darker preset over every brighter one that may be shown together, with its strength.

    A foreground must leave room for its background, so the layers come from the two halves by brightness.
    Strength comes from parameters, which say little about how lively a picture is: what was measured must
    agree with it.
    """
    seen = {preset.content_id: table.get(key(preset), _MIDDLING) for preset in presets}
    low, high = LUMA_RANGE
    layers = sorted(
        (preset for preset in presets if low <= seen[preset.content_id].luma <= high),
        key=lambda preset: (seen[preset.content_id].luma, preset.content_id),
    )
    half = len(layers) // 2
    moves = {preset.content_id: displacement(preset.parameters) for preset in layers}
    crossed: list[tuple[Preset, Preset, float, float, float]] = []
    for fg, bg in product(layers[:half], layers[half:]):
        if family[fg.content_id] == family[bg.content_id]:
            continue
        a, b = moves[fg.content_id], moves[bg.content_id]
        warp, cx = warp_diff(a, b), cx_diff(a, b)
        if warp >= VISIBLE and cx >= VISIBLE:
            motion = seen[fg.content_id].motion + seen[bg.content_id].motion
            crossed.append((fg, bg, warp, cx, motion))
    warps = sorted(row[2] for row in crossed)
    cxs = sorted(row[3] for row in crossed)
    motions = sorted(row[4] for row in crossed)
    all_alike = not motions or motions[0] == motions[-1]
    candidates = []
    for fg, bg, warp, cx, motion in crossed:
        strength = (rank01(warps, warp) + rank01(cxs, cx)) / 2
        if all_alike or abs(rank01(motions, motion) - strength) <= AGREEMENT:
            candidates.append(Pair(fg, bg, warp, cx, strength))
    return candidates


def rank01(ordered: Sequence[float], value: float) -> float:
    """Share of `ordered` (ascending) below `value`, ties counted half: 0..1."""
    if not ordered:
        return 0.0
    return (bisect_left(ordered, value) + bisect_right(ordered, value)) / (2 * len(ordered))


def _spread(candidates: Sequence[Pair], count: int, seed: int) -> list[Pair]:
    """Choose `count` pairs evenly over strength, each preset once, many authors, calm ones first."""
    bands: list[list[tuple[int, Pair]]] = [[] for _ in range(BANDS)]
    for pair in candidates:
        band = min(int(pair.strength01 * BANDS), BANDS - 1)
        bands[band].append((draw64(seed, "pair", pair.fg.content_id, pair.bg.content_id), pair))
    for band_rows in bands:
        band_rows.sort(key=lambda row: row[0])

    used: set[str] = set()
    credits: Counter[str] = Counter()
    chosen: list[Pair] = []
    # The ends of the range are rare among all pairs, so they choose first.
    turn = sorted(range(BANDS), key=lambda band: (-abs(2 * band - (BANDS - 1)), band))
    while len(chosen) < count:
        before = len(chosen)
        for band in turn:
            free = [
                row
                for row in bands[band]
                if row[1].fg.content_id not in used and row[1].bg.content_id not in used
            ]
            bands[band] = free
            if not free or len(chosen) == count:
                continue
            # Band members come in drawn order, so `min` takes the first draw among the least used authors.
            pair = min(free, key=lambda row: credits[_credit(row[1].fg)] + credits[_credit(row[1].bg)])[1]
            chosen.append(pair)
            used.update((pair.fg.content_id, pair.bg.content_id))
            credits.update((_credit(pair.fg), _credit(pair.bg)))
        if len(chosen) == before:
            raise PackError(
                f"only {len(chosen)} of {count} pairs with layers from different families can be made",
                fix="ask for fewer pairs or give more presets",
            )
    return sorted(chosen, key=lambda pair: (pair.strength01, pair.fg.content_id))


def _diverse(presets: Sequence[Preset], family: dict[str, int], count: int, seed: int) -> list[Preset]:
    """Choose `count` presets, a second of a family or author only when every other had its turn."""
    drawn = sorted(presets, key=lambda preset: draw64(seed, "single", preset.content_id))
    turn_of_family: Counter[int] = Counter()
    turn_of_author: Counter[str] = Counter()
    turns: list[tuple[int, int, int]] = []
    for index, preset in enumerate(drawn):
        group, author = family[preset.content_id], _credit(preset)
        turns.append((turn_of_family[group], turn_of_author[author], index))
        turn_of_family[group] += 1
        turn_of_author[author] += 1
    return [drawn[index] for _, _, index in sorted(turns)[:count]]


def _credit(preset: Preset) -> str:
    """Whom a preset counts for: its first author, or its name where it names none."""
    names = authors(preset.author)
    return names[0] if names else preset.name.lower()
