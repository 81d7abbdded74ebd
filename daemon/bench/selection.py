"""`aivjd bench selection`: what one weighted pick costs in CPU time, beside numpy's weighted choice."""

from __future__ import annotations

import argparse
import json
import tracemalloc
from collections.abc import Callable
from statistics import median
from time import thread_time_ns

import numpy as np

from selector.catalog import Row, Table
from selector.choice import Chooser, Situation
from selector.draw import splitmix64
from selector.fixedpoint import MICRO
from selector.settings import SelectSettings

SIZES = (3_000, 130_000, 1_000_000)
GOALS_US = (10.0, 150.0, 1000.0)
PICKS, NUMPY_PICKS = 600, 30
AUTHORS = 132
"""Lead authors of the presets that Debian packages."""


def main(args: argparse.Namespace) -> int:
    """Print one row a size; exit code 0 whatever comes out, since this is a measurement."""
    rows = [_row(size, goal) for size, goal in zip(SIZES, GOALS_US, strict=True)]
    if args.json:
        print(json.dumps(rows, indent=1))
        return 0
    print("median CPU time of one pick, microseconds; every pick has other weights, by other sound")
    print(
        f"{'entries':>9} {'pick':>8} {'goal':>8} {'with evidence':>14} {'numpy':>10} {'prepared in ms':>15}"
    )
    for row in rows:
        print(
            f"{row['entries']:>9} {row['pickUs']:>8.1f} {row['goalUs']:>8.0f} {row['evidenceUs']:>14.1f}"
            f" {row['numpyUs']:>10.1f} {row['preparedMs']:>15.1f}"
        )
    print("numpy: Generator.choice(n, p=weights), weights made anew by one product of two columns")
    print(f"memory a pick allocates: at most {max(row['allocatedBytes'] for row in rows)} bytes at any size")
    return 0


def _row(size: int, goal: float) -> dict[str, float]:
    table = _table(size)
    chooser = Chooser(SelectSettings(), 1)
    began = thread_time_ns()
    chooser.strata(table, _situation(size, 0))
    prepared = thread_time_ns() - began

    moments = [_situation(size, number) for number in range(PICKS)]

    def pick(number: int) -> None:
        chooser.draw(table, moments[number], number)

    def choose(number: int) -> None:
        chooser.choose(table, moments[number], number)

    worth, generator = table.quality / MICRO, np.random.default_rng(1)

    def peer(number: int) -> None:
        weights = worth * table.strength
        generator.choice(size, p=weights / weights.sum())

    return {
        "entries": size,
        "pickUs": _median_us(pick, PICKS),
        "goalUs": goal,
        "evidenceUs": _median_us(choose, PICKS),
        "numpyUs": _median_us(peer, NUMPY_PICKS),
        "preparedMs": prepared / 1e6,
        "allocatedBytes": _allocated(pick),
    }


def _table(size: int) -> Table:
    """Entries of made-up strength, quality and looks, of `AUTHORS` authors and families of about three."""
    draws = [(splitmix64(7, n), splitmix64(8, n)) for n in range(size)]
    rows = [
        Row(
            ident=n,
            fg_url="",
            warp=d % MICRO,
            cx=(d >> 20) % MICRO,
            quality=(d >> 40) % MICRO,
            luma=e % MICRO,
            motion=(e >> 20) % MICRO,
            author=str((e >> 40) % AUTHORS),
            family=str((e >> 44) % (size // 3)),
        )
        for n, (d, e) in enumerate(draws)
    ]
    return Table("pair", "bench", rows)


def _situation(size: int, number: int) -> Situation:
    """Another intensity, section, and past for each pick."""
    recent = [splitmix64(number, n) % size for n in range(12)]
    return Situation(
        mode="weighted",
        section="peak",
        intensity=splitmix64(3, number) % MICRO,
        shown=recent[-1],
        shown_strength=splitmix64(5, number) % MICRO,
        recent=recent,
        quarantined=[1, 2],
        banned=[3],
    )


def _median_us(work: Callable[[int], None], times: int) -> float:
    work(0)
    spent = []
    for number in range(times):
        began = thread_time_ns()
        work(number)
        spent.append((thread_time_ns() - began) / 1000.0)
    return median(spent)


def _allocated(work: Callable[[int], None]) -> int:
    """Most bytes that one pick has allocated at any moment."""
    work(0)
    tracemalloc.start()
    try:
        work(1)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
