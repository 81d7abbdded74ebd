"""Finds vectors that are none: the app's `embeddings.npy` of sines, random numbers, missing values.

Vectors of real content are now near, now far. Vectors that were made up all lie at about one distance from
each other, whatever the presets.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from selector.draw import mulhi, u64

DIMENSIONS = 512
"""Of the app's file, which is raw float32, little-endian, without a header."""
PAIRS = 400
ALIKE_SPREAD = 0.06
"""Standard deviation of cosines: sines of one seed give 0.03, random numbers in 512 dimensions 0.044."""
_STREAM = 23


def faults(path: Path) -> list[str]:
    """Sentences about what is wrong with the vectors in `path`."""
    raw = path.read_bytes()
    if raw.startswith(b"\x93NUMPY"):
        rows = np.load(path, allow_pickle=False).astype(np.float64)
    else:
        if len(raw) == 0 or len(raw) % (4 * DIMENSIONS):
            return [f"{len(raw)} bytes are no rows of {DIMENSIONS} float32"]
        rows = np.frombuffer(raw, dtype="<f4").reshape(-1, DIMENSIONS).astype(np.float64)
    if rows.ndim != 2 or len(rows) < 3:
        return ["too few vectors to judge by"]
    bad = int((~np.isfinite(rows)).any(axis=1).sum())
    found = [f"{bad} of {len(rows)} vectors hold what is no number"] if bad else []
    rows = rows[np.isfinite(rows).all(axis=1)]
    rows = rows[(rows != 0).any(axis=1)]
    if len(rows) < 3:
        return [*found, "too few vectors to judge by"]
    unit = rows / np.sqrt((rows * rows).sum(axis=1))[:, None]
    a = [mulhi(u64(1, _STREAM, 2 * n), len(unit)) for n in range(PAIRS)]
    b = [mulhi(u64(1, _STREAM, 2 * n + 1), len(unit)) for n in range(PAIRS)]
    apart = [(i, j) for i, j in zip(a, b, strict=True) if i != j]
    cosines = np.array([float((unit[i] * unit[j]).sum()) for i, j in apart])
    if float(cosines.std()) < ALIKE_SPREAD:
        found.append(
            f"pseudo-embedding: any two vectors have cosine {cosines.mean():.2f} +- {cosines.std():.3f}, "
            "whatever the presets"
        )
    return found
