"""Near-duplicates: presets that are remixes of one another fall into one family.

Authors publish a preset in many versions ("area 51", "area 51 (night mix)", "area 51 2"), and remix each
other's code under other names. Two presets of one family laid over one another look like a fault, and a
model trained on one and tested on the other cheats. So layers, training and test sets are kept apart by
family.

Two presets are joined when their code is alike, or when one author gave them the same stem. Families are
the connected groups.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from itertools import combinations

from models.packs.butterchurn import CODE_KEYS, SHAPE_CODE_KEYS, WAVE_CODE_KEYS, Preset
from selector.labels import telling_stem

SKETCH = 96
SHINGLE = 6
ALIKE = 0.4
"""Estimated share of common code (Jaccard) from which two presets are versions of one another."""
_LEAST_SHINGLES = 24
"""Less code than this says nothing: many presets hold only a line or two that everybody writes."""

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_TOKEN = re.compile(r"[A-Za-z_]\w*|\d+\.?\d*|\.\d+|[^\s\w]")
_NUMBER = re.compile(r"\d+\.?\d*|\.\d+")
_AUTHOR_SEPARATOR = re.compile(r"\s*(?:,|\+|&| and | vs\.? | ft\.? )\s*")


def families(presets: Sequence[Preset]) -> list[int]:
    """Family of each preset: the index of the first preset of its group.

    Deterministic; costs one comparison of sketches for every two presets.
    """
    group = list(range(len(presets)))

    def root(i: int) -> int:
        while group[i] != i:
            group[i] = group[group[i]]
            i = group[i]
        return i

    def join(i: int, j: int) -> None:
        a, b = root(i), root(j)
        group[max(a, b)] = min(a, b)

    first_of_stem: dict[tuple[str, str], int] = {}
    for i, preset in enumerate(presets):
        title = telling_stem(preset.title)
        if not title:
            continue
        for author in authors(preset.author):
            join(first_of_stem.setdefault((author, title), i), i)

    sketches = [sketch(preset) for preset in presets]
    for i, j in combinations(range(len(presets)), 2):
        if similarity(sketches[i], sketches[j]) >= ALIKE:
            join(i, j)
    return [root(i) for i in range(len(presets))]


def authors(text: str) -> list[str]:
    """The names in an author field such as "Flexi, martin + geiss", in lower case, sorted."""
    names = (re.sub(r"[^a-z0-9]", "", name) for name in _AUTHOR_SEPARATOR.split(text.lower()))
    return sorted({name for name in names if name})


def sketch(preset: Preset) -> frozenset[int]:
    """The `SKETCH` smallest hashes of the code's token runs (bottom-k sketch; Cohen and Kaplan, 2007).

    Numbers count as equal: versions of a preset often differ in constants alone. Empty when there is too
    little code to compare.
    """
    runs: set[bytes] = set()
    for text in _sources(preset):
        tokens = ["#" if _NUMBER.fullmatch(t) else t for t in _TOKEN.findall(_COMMENT.sub(" ", text))]
        for start in range(len(tokens) - SHINGLE + 1):
            runs.add(" ".join(tokens[start : start + SHINGLE]).encode("utf-8"))
    if len(runs) < _LEAST_SHINGLES:
        return frozenset()
    hashes = sorted(int.from_bytes(blake2b(run, digest_size=8).digest(), "big") for run in runs)
    return frozenset(hashes[:SKETCH])


def similarity(a: frozenset[int], b: frozenset[int]) -> float:
    """Estimated Jaccard similarity of the code behind two sketches, 0..1; 0 where one is empty."""
    common = a & b
    if not common:
        return 0.0
    smallest = sorted(a | b)[:SKETCH]
    return sum(1 for value in smallest if value in common) / len(smallest)


def _sources(preset: Preset) -> list[str]:
    body = preset.body
    texts = [body[key] for key in CODE_KEYS]
    for parts, keys in ((body["shapes"], SHAPE_CODE_KEYS), (body["waves"], WAVE_CODE_KEYS)):
        texts.extend(part[key] for part in parts if part["baseVals"].get("enabled") for key in keys)
    return texts
