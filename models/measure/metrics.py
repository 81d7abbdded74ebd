"""From a rig's sums to metrics.

Conventions: luma is (54 R + 183 G + 19 B) / 256 / 255, so 0..1, Rec. 709 weights on coded values. A series
has one row a frame, of integer sums over all pixels (`SERIES`, then 4 x 4 tiles of luma, row by row from the
bottom). Metrics look at the frames from `settled` on. All sums are of integers, so that they are exact; a
metric is one division at the end, rounded to `DIGITS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import sqrt

SERIES = ("luma", "motion", "r", "g", "b", "saturation", "edges", "dark", "bright")
TILES = 16
DIGITS = 6
FULL = 256 * 255
"""Luma sum of one white pixel."""

FLASH_STEP = 0.1
FLASH_DARK = 0.8
FLASH_AREA = 4
"""Tiles of 16: a quarter of the picture. WCAG 2: a flash is a pair of opposing changes of relative luminance
of a tenth or more, the darker below 0.8, over a quarter of ten degrees of the visual field; at most three
in any second."""

Row = Sequence[int]


def measure(
    series: Sequence[Row], envelope: Sequence[int], *, pixels: int, settled: int, fps: int
) -> dict[str, float]:
    """Metrics of one preset under one stimulus.

    Args:
        series: rows of `len(SERIES) + TILES` integers.
        envelope: 1 on frames with an onset in the stimulus.
        pixels: of the picture.
        settled: the first frame that counts; at least 1.
        fps: frames a second.

    Returns:
        avgLuma, minLuma, maxLuma, motion (mean change of a pixel's luma from frame to frame), colour
        (mean difference of the largest and the smallest channel), red, green, blue, edges (mean difference
        of neighbours), darkShare, brightShare, lumaStep (largest change of mean luma), flashesPerSec
        (general flashes in the worst second), beatSync (correlation of motion with onsets, -1..1).
    """
    seen = series[settled:]
    count = len(seen)
    at = {name: place for place, name in enumerate(SERIES)}

    def mean(name: str, full: int) -> float:
        return round(sum(row[at[name]] for row in seen) / (count * pixels * full), DIGITS)

    lumas = [row[0] for row in seen]
    steps = [abs(b - a) for a, b in pairwise(lumas)] or [0]
    return {
        "avgLuma": mean("luma", FULL),
        "minLuma": round(min(lumas) / (pixels * FULL), DIGITS),
        "maxLuma": round(max(lumas) / (pixels * FULL), DIGITS),
        "motion": mean("motion", FULL),
        "colour": mean("saturation", 255),
        "red": mean("r", 255),
        "green": mean("g", 255),
        "blue": mean("b", 255),
        "edges": mean("edges", 2 * FULL),
        "darkShare": mean("dark", 1),
        "brightShare": mean("bright", 1),
        "lumaStep": round(max(steps) / (pixels * FULL), DIGITS),
        "flashesPerSec": float(flashes(seen, pixels=pixels, fps=fps)),
        "beatSync": round(correlation([row[1] for row in seen], envelope[settled:]), DIGITS),
    }


def flashes(series: Sequence[Row], *, pixels: int, fps: int) -> int:
    """General flashes in the worst second: of the tile that flashes as the fourth most often."""
    tile_pixels = pixels // TILES
    counts = []
    for tile in range(TILES):
        levels = [relative_luminance(row[len(SERIES) + tile] / (tile_pixels * FULL)) for row in series]
        counts.append(_transitions(levels))
    worst = 0
    for start in range(max(len(series) - fps, 0) + 1):
        within = sorted(
            (sum(1 for frame in moments if start <= frame < start + fps) for moments in counts), reverse=True
        )
        # Two opposing changes make one flash.
        worst = max(worst, within[FLASH_AREA - 1] // 2)
    return worst


def relative_luminance(luma: float) -> float:
    """Light of a coded grey of `luma`, 0..1, by squaring: near sRGB's curve, and exact everywhere."""
    return luma * luma


def _transitions(levels: Sequence[float]) -> list[int]:
    """Frames at which the light has gone up or down by a flash's step since it last turned."""
    moments: list[int] = []
    low = high = levels[0] if levels else 0.0
    direction = 0
    for frame, level in enumerate(levels):
        if direction >= 0:
            high = max(high, level)
            if high - level >= FLASH_STEP and level < FLASH_DARK:
                moments.append(frame)
                direction, low = -1, level
                continue
        if direction <= 0:
            low = min(low, level)
            if level - low >= FLASH_STEP and low < FLASH_DARK:
                moments.append(frame)
                direction, high = 1, level
    return moments


def correlation(values: Sequence[int], envelope: Sequence[int]) -> float:
    """Greatest Pearson correlation of `values` with `envelope` 0 to 3 frames before; 0 where one is flat."""
    best = 0.0
    for lag in range(4):
        a = list(values[lag:])
        b = list(envelope[: len(envelope) - lag])
        n = len(a)
        sa, sb = sum(a), sum(b)
        top = n * sum(x * y for x, y in zip(a, b, strict=True)) - sa * sb
        under = (n * sum(x * x for x in a) - sa * sa) * (n * sum(y * y for y in b) - sb * sb)
        if under > 0 and abs(value := top / sqrt(under)) > abs(best):
            best = value
    return best


def difference(a: Sequence[bytes], b: Sequence[bytes]) -> float:
    """Mean difference of luma of two equal series of RGBA pictures, 0..1."""
    total = count = 0
    for one, two in zip(a, b, strict=True):
        for i in range(0, len(one), 4):
            total += abs(
                54 * (one[i] - two[i]) + 183 * (one[i + 1] - two[i + 1]) + 19 * (one[i + 2] - two[i + 2])
            )
        count += len(one) // 4
    return round(total / (count * FULL), DIGITS) if count else 0.0


def response(pictures: Mapping[str, Sequence[bytes]]) -> float | None:
    """How much the music changes the picture: difference of `music` and `silence`, less that of `floor`.

    None where one of the first two was not measured; without a floor, nothing is taken off.
    """
    if not pictures.get("music") or not pictures.get("silence"):
        return None
    heard = difference(pictures["music"], pictures["silence"])
    chaos = difference(pictures["floor"], pictures["silence"]) if pictures.get("floor") else 0.0
    return round(max(heard - chaos, 0.0), DIGITS)
