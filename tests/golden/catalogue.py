"""What the golden sessions pick from: two packs, of which no preset exists."""

from __future__ import annotations

from selector.catalog import Catalog, Pack, Row, Table
from selector.fixedpoint import MISSING

PAIRS, PRESETS = 40, 24


def catalogue() -> Catalog:
    """Differences and qualities over their whole range, some missing; some dark, some blocked."""
    return Catalog([_pack("alpha", 1), _pack("beta", 7)])


def _pack(name: str, turn: int) -> Pack:
    pairs = [
        Row(
            ident=10 + k,
            fg_url=f"/presets/{name}/{k}-fg.json",
            bg_url=f"/presets/{name}/{k}-bg.json",
            warp=_spread(k, 7 * turn, 120_000),
            cx=_spread(k, 11 * turn, 90_000),
            quality=MISSING if k % 9 == 4 else 400_000 + _spread(k, 13, 600_000),
            luma=_spread(k, 17, 1_000_000),
            motion=_spread(k, 19, 1_000_000),
            dark=int(k % 13 == 5),
            blocked=int(k % 17 == 6),
        )
        for k in range(PAIRS)
    ]
    presets = [
        Row(
            ident=f"{name}-{k:02d}",
            fg_url=f"/presets/{name}/single/{k}.json",
            luma=_spread(k, 5 * turn, 1_000_000),
            motion=_spread(k, 3 * turn, 1_000_000),
        )
        for k in range(PRESETS)
    ]
    return Pack(name, Table("pair", name, pairs), Table("preset", name, presets))


def _spread(k: int, step: int, top: int) -> int:
    """One of 41 values up to `top`, another for each of 41 neighbours."""
    return k * step % 41 * top // 40
