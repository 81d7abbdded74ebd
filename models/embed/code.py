"""The view *code*: presets whose text is alike lie near. Needs no rendering and no training.

Terms are words of the code, runs of two words, and parameters with their values, finely and coarsely
rounded. A term weighs the more the rarer it is (tf-idf), code and parameters weigh alike, and the sparse
vector is laid into `DIMENSION` components by signs that are hashed from the term (random projection;
Achlioptas, "Database-friendly random projections", 2003). Signs and weights are whole numbers, so the same
presets give the same vectors everywhere.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from models.embed.vectors import Vectors, whole
from models.errors import EmbeddingError
from models.features.program import Program

DIMENSION = 256
LEAST_PRESETS = 2
"""A term that fewer presets have tells nothing alike."""
MOST_SHARE = 0.9
"""Nor does one that more than this share have."""
MODEL = "code-terms.v1"

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_TOKEN = re.compile(r"[a-z_]\w*|\d+\.?\d*|\.\d+|[^\s\w]")
_STEP = 1024
_START = "^"

Programs = Callable[[], Iterable[tuple[str, Program]]]
"""Gives id and program of every preset, anew at each call: they are gone through twice."""


@dataclass(frozen=True)
class Terms:
    """How often each term occurs in one preset."""

    code: Counter[str]
    values: Counter[str]


def terms(program: Program) -> Terms:
    """The terms of one preset."""
    code: Counter[str] = Counter()
    for _, text in program.texts():
        before = _START
        for token in _TOKEN.findall(_COMMENT.sub(" ", text).lower()):
            code[token] += 1
            code[f"{before} {token}"] += 1
            before = token
    values: Counter[str] = Counter()
    parts = [("", program.values)]
    parts += [(f"wave{at}.", part.values) for at, part in enumerate(program.waves)]
    parts += [(f"shape{at}.", part.values) for at, part in enumerate(program.shapes)]
    for prefix, found in parts:
        for name, value in found.items():
            values[f"{prefix}{name}={value:.3g}"] += 1
            values[f"{prefix}{name}~{value:.1g}"] += 1
    return Terms(code, values)


class CodeView:
    """Lays presets into the view.

    Args:
        programs: the corpus, from which it is learned which terms are rare.

    Raises:
        EmbeddingError: there are fewer than two presets.
    """

    def __init__(self, programs: Programs) -> None:
        presets: Counter[str] = Counter()
        count = 0
        for _, program in programs():
            found = terms(program)
            presets.update(found.code.keys())
            presets.update(found.values.keys())
            count += 1
        if count < LEAST_PRESETS:
            raise EmbeddingError("there must be at least two presets to compare")
        most = max(MOST_SHARE * count, LEAST_PRESETS)
        self.rarity = {
            term: round(_STEP * (1.0 + math.log((1 + count) / (1 + times))))
            for term, times in presets.items()
            if LEAST_PRESETS <= times <= most
        }
        """Weight of each term that is used, in 1024ths."""
        self._signs: dict[str, bytes] = {}

    def vector(self, program: Program) -> NDArray[np.float64]:
        """Where `program` lies, f64[`DIMENSION`]; zeros where it has no term of the corpus."""
        found = terms(program)
        return self._half(found.code) + self._half(found.values)

    def embed(self, programs: Programs) -> Vectors:
        """Vectors of all presets."""
        ids, rows = [], []
        for name, program in programs():
            ids.append(name)
            rows.append(self.vector(program))
        return Vectors(ids, whole(np.array(rows)))

    def _half(self, counts: Counter[str]) -> NDArray[np.float64]:
        used = sorted(term for term in counts if term in self.rarity)
        if not used:
            return np.zeros(DIMENSION)
        weights = np.array(
            [round(_STEP * (1.0 + math.log(counts[term]))) * self.rarity[term] for term in used],
            dtype=np.int64,
        )
        signs = np.frombuffer(b"".join(self._hashed(term) for term in used), dtype=np.uint8)
        bits = np.unpackbits(signs.reshape(len(used), DIMENSION // 8), axis=1).astype(np.int64)
        laid = (weights[:, None] * (2 * bits - 1)).sum(axis=0)
        return laid / sqrt(sum(weight * weight for weight in weights.tolist()))

    def _hashed(self, term: str) -> bytes:
        if term not in self._signs:
            self._signs[term] = blake2b(term.encode("utf-8"), digest_size=DIMENSION // 8).digest()
        return self._signs[term]
