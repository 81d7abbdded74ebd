"""Clouds of points side by side, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

SIDE, MARGIN = 300, 46
MOST_POINTS = 3000


class Cloud(NamedTuple):
    """Points, both coordinates from 0 to 1."""

    title: str
    points: Sequence[tuple[float, float]]


def scatter(clouds: Sequence[Cloud], *, across: str, up: str) -> str:
    """One panel a cloud; of many points evenly chosen ones. `across` and `up` name the axes."""
    width = MARGIN + len(clouds) * (SIDE + MARGIN)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {SIDE + 2 * MARGIN}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{width}" height="{SIDE + 2 * MARGIN}" fill="#fff"/>',
    ]
    for number, cloud in enumerate(clouds):
        left = MARGIN + number * (SIDE + MARGIN)
        parts.append(f'<g transform="translate({left} {MARGIN})">')
        parts.append(f'<rect width="{SIDE}" height="{SIDE}" fill="none" stroke="#888"/>')
        parts.append(f'<text x="{SIDE / 2}" y="-12" text-anchor="middle">{cloud.title}</text>')
        parts.append(f'<text x="{SIDE / 2}" y="{SIDE + 32}" text-anchor="middle">{across}</text>')
        parts += [
            f'<text x="{place * SIDE}" y="{SIDE + 15}" text-anchor="middle">{place:g}</text>'
            for place in (0, 0.5, 1)
        ]
        step = max(1, -(-len(cloud.points) // MOST_POINTS))
        parts += [
            f'<circle cx="{x * SIDE:.1f}" cy="{(1 - y) * SIDE:.1f}" r="1.6" fill="#1668b859"/>'
            for x, y in cloud.points[::step]
        ]
        parts.append("</g>")
    middle = MARGIN + SIDE / 2
    parts.append(
        f'<text transform="translate(18 {middle}) rotate(-90)" text-anchor="middle">{up}</text></svg>'
    )
    return "\n".join(parts) + "\n"
