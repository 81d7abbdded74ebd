"""`aivjd bench variety`: how much of a small pack is seen, how evenly, and how soon something comes again.

A pack of 31 pairs, the size of the app's filtered one, is drawn from many times while the intensity wanders
as music does. Beside it stands what chance gives, and what can be had at all: a shuffle.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import pairwise
from statistics import mean

from daemon.variety import LATELY, entropy01
from dsp.snapshot import Section
from selector.catalog import Item, Row, Table
from selector.choice import Chooser, Situation
from selector.draw import splitmix64
from selector.fixedpoint import MICRO
from selector.history import History
from selector.settings import Mode, SelectSettings

ENTRIES = 31
PICKS = 10_000
SEED = 1
AUTHORS = 6
MODES: tuple[Mode, ...] = ("weighted", "random", "shuffle")
SONG = 24
"""Picks of a song: calm, groove, build, drop and peak, breakdown, in turn."""


def main(args: argparse.Namespace) -> int:
    """Print one row a mode; exit code 0 whatever comes out, since this is a measurement."""
    rows = {mode: told(drawn(mode, PICKS)) for mode in MODES}
    if args.json:
        print(json.dumps(rows, indent=1))
        return 0
    print(f"{PICKS} picks from {ENTRIES} pairs of {AUTHORS} authors")
    print(
        f"{'':<10}{'entropy':>9}{'different of 12':>17}{'coverage':>10}{'again within 3':>16}"
        f"{'soonest':>9}{'longest unseen':>16}{'same author':>13}"
    )
    for mode, row in rows.items():
        print(
            f"{mode:<10}{row['entropy01']:>9.3f}{row['different12']:>17.2f}{row['coverage01']:>10.2f}"
            f"{row['againWithin3']:>16.4f}{row['soonest']:>9.0f}{row['longestUnseen']:>16.0f}"
            f"{row['sameAuthor']:>13.3f}"
        )
    print("entropy: 1 is all alike; different of 12: 12 is the most; soonest, unseen: in picks")
    return 0


def table() -> Table:
    """Entries of made-up strength, quality, look and author; quality spreads as little as the app's."""
    rows = []
    for number in range(ENTRIES):
        a, b = splitmix64(3, number), splitmix64(4, number)
        rows.append(
            Row(
                ident=number,
                fg_url="",
                warp=a % 127_700,
                cx=(a >> 20) % 165_000,
                quality=727_700 + b % 84_500,
                luma=140_000 + (b >> 20) % 500_000,
                motion=(b >> 40) % 60_000,
                author=str(number % AUTHORS),
            )
        )
    return Table("pair", "bench", rows)


def drawn(mode: Mode, picks: int) -> list[int]:
    """Indices that come on screen, one after the other."""
    pack, chooser, history = table(), Chooser(SelectSettings(), SEED), History()
    found: list[int] = []
    for number in range(picks):
        section, intensity = _moment(number)
        shown = found[-1] if found else None
        choice = chooser.choose(
            pack,
            Situation(
                mode=mode,
                section=section,
                intensity=intensity,
                shown=shown,
                shown_strength=None if shown is None else int(pack.strength[shown]),
                recent=history.recent(pack, 64),
                quarantined=[],
                banned=[],
            ),
            number,
        )
        assert choice is not None, "nothing is excluded for long"
        found.append(choice.index)
        history.show(Item("pair", pack.pack, choice.index))
    return found


def told(found: Sequence[int]) -> dict[str, float]:
    """What a row says."""
    pack = table()
    gaps = _gaps(found)
    windows = [len({*found[k : k + LATELY]}) for k in range(len(found) - LATELY + 1)]
    return {
        "entropy01": round(entropy01(found, ENTRIES), 4),
        "different12": round(mean(windows), 2),
        "coverage01": round(len({*found}) / ENTRIES, 4),
        "againWithin3": round(sum(gap <= 3 for gap in gaps) / len(gaps), 4),
        "soonest": min(gaps),
        "longestUnseen": max(gaps),
        "sameAuthor": round(mean(int(pack.author[a] == pack.author[b]) for a, b in pairwise(found)), 4),
    }


def _gaps(found: Sequence[int]) -> list[int]:
    """Picks from one showing of an entry to its next."""
    last: dict[int, int] = {}
    gaps = []
    for number, index in enumerate(found):
        if index in last:
            gaps.append(number - last[index])
        last[index] = number
    return gaps


def _moment(number: int) -> tuple[Section, int]:
    """Section and intensity (micro-units) of a pick: songs of one shape, each a little different."""
    song, place = divmod(number, SONG)
    parts: tuple[tuple[int, Section, int], ...] = (
        (3, "calm", 200_000),
        (9, "groove", 500_000),
        (12, "build", 650_000),
        (13, "drop", 900_000),
        (18, "peak", 850_000),
        (21, "breakdown", 250_000),
        (SONG, "groove", 550_000),
    )
    section, level = next((section, level) for end, section, level in parts if place < end)
    wander = splitmix64(5, number) % 200_000 + splitmix64(6, song) % 200_000 - 200_000
    return section, min(max(level + wander, 0), MICRO)
