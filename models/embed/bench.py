"""`aivjd bench similar`: CPU time of one exact search among many vectors, on one thread."""

from __future__ import annotations

import argparse
import json
from statistics import median
from time import thread_time_ns

import numpy as np

from models.embed.vectors import Vectors, whole

ITEMS, DIMENSION, NEIGHBOURS, QUERIES = 130_000, 256, 20, 40
GOAL_MS = 20.0


def main(args: argparse.Namespace) -> int:
    """Print the median and the worst of `QUERIES` searches."""
    drawn = np.random.RandomState(1).standard_normal((ITEMS, DIMENSION))
    vectors = Vectors([f"{number:06d}" for number in range(ITEMS)], whole(drawn))
    del drawn
    spent = []
    for number in range(QUERIES):
        query = vectors.rows[number]
        began = thread_time_ns()
        vectors.nearest(query, NEIGHBOURS)
        spent.append((thread_time_ns() - began) / 1e6)
    row = {
        "items": ITEMS,
        "dimension": DIMENSION,
        "neighbours": NEIGHBOURS,
        "medianMs": round(median(spent), 2),
        "worstMs": round(max(spent), 2),
        "goalMs": GOAL_MS,
    }
    if args.json:
        print(json.dumps(row))
    else:
        print(
            f"{NEIGHBOURS} nearest of {ITEMS} vectors of {DIMENSION}: CPU time {row['medianMs']} ms "
            f"(median), {row['worstMs']} ms (worst of {QUERIES}); goal {GOAL_MS:g} ms"
        )
    return 0
