"""Does a number in a manifest change what the show would pick? Found out by leaving it out and picking again.

The manifests are read by the show's own readers, once as they are and once without the number; then the
show's own chooser draws for the same moments with the same chance. A number that leaves the table as it was
is not read at all; one that leaves every pick as it was decides nothing.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.measure.run_manifest import RUN_FILE
from models.packs.formats import LIBRARY_FILE, PAIRS_FILE
from selector.catalog import Pack, build_pack
from selector.choice import Chooser, Situation
from selector.fixedpoint import MICRO
from selector.manifests import parse_library, parse_pairs, parse_quality, parse_run
from selector.settings import SelectSettings

QUALITY_FILE = "pairs-quality.v0.json"
MANIFESTS = (PAIRS_FILE, QUALITY_FILE, LIBRARY_FILE, RUN_FILE)
_ROWS = {PAIRS_FILE: "pairs", QUALITY_FILE: "pairs", LIBRARY_FILE: "presets", RUN_FILE: "presets"}
_KEYS = frozenset({"pair", "fileSize", "score"})
"""Numbers that are part of a format: a name, a size, and the app's own sum of two metrics."""
SECTIONS = ("calm", "groove", "build", "drop", "peak", "breakdown")
INTENSITIES = (0, 250_000, 500_000, 750_000, MICRO)
PICKS = 20
"""For each section and intensity."""
_COLUMNS = ("warp", "cx", "quality", "luma", "motion", "score", "dark", "blocked")


@dataclass(frozen=True)
class Influence:
    """What leaving a metric out changes.

    Attributes:
        read: the show's table is another one.
        changed: picks that are others.
        picks: that were looked at.
    """

    read: bool
    changed: int
    picks: int


def load(folder_files: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """The manifests among the files of a pack (name -> content), parsed."""
    return {
        name: json.loads(folder_files[name].decode("utf-8-sig")) for name in MANIFESTS if name in folder_files
    }


def metrics(manifests: Mapping[str, dict[str, Any]]) -> Iterator[tuple[str, str, int]]:
    """(manifest, metric, how many rows have it) of every number that a manifest holds for its rows."""
    for name, top in manifests.items():
        counts: dict[str, int] = {}
        for row in top.get(_ROWS[name]) or []:
            if not isinstance(row, dict):
                continue
            for key, value in _numbers(name, row).items():
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    counts[key] = counts.get(key, 0) + 1
        yield from ((name, key, counts[key]) for key in sorted(counts))


def influence(pack: str, manifests: Mapping[str, dict[str, Any]], name: str, metric: str) -> Influence:
    """What leaving `metric` out of the manifest `name` changes."""
    without = dict(manifests)
    without[name] = copy.deepcopy(manifests[name])
    for row in without[name].get(_ROWS[name]) or []:
        if isinstance(row, dict):
            _numbers(name, row).pop(metric, None)
    before, after = _build(pack, manifests), _build(pack, without)
    tables = [(before.pairs, after.pairs), (before.presets, after.presets)]
    read = any(not np.array_equal(getattr(a, c), getattr(b, c)) for a, b in tables for c in _COLUMNS)
    if not read:
        return Influence(False, 0, 0)
    one, two = _picks(before), _picks(after)
    return Influence(True, sum(a != b for a, b in zip(one, two, strict=True)), len(one))


def _numbers(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Where a row of a manifest has its metrics; what it may be changed in."""
    if name == RUN_FILE:
        found = row.get("metrics")
        return found if isinstance(found, dict) else {}
    return row if not _KEYS & row.keys() else _View(row)


class _View(dict[str, Any]):
    """A row without the numbers of its format; `pop` takes from the row itself."""

    def __init__(self, row: dict[str, Any]) -> None:
        super().__init__({key: value for key, value in row.items() if key not in _KEYS})
        self._row = row

    def pop(self, key: str, default: Any = None) -> Any:
        """Take `key` out of the row."""
        return self._row.pop(key, default)


def _build(pack: str, manifests: Mapping[str, dict[str, Any]]) -> Pack:
    def parsed(name: str, parse: Any) -> Any:
        return parse(json.dumps(manifests[name]).encode(), name) if name in manifests else None

    return build_pack(
        pack,
        parsed(PAIRS_FILE, parse_pairs),
        parsed(QUALITY_FILE, parse_quality),
        parsed(LIBRARY_FILE, parse_library),
        parsed(RUN_FILE, parse_run),
    )


def _picks(pack: Pack) -> list[int]:
    """What would be picked, in every section and at every intensity; -1 where nothing would be."""
    chooser, picks = Chooser(SelectSettings(), 1), []
    for table in (pack.pairs, pack.presets):
        for number, (section, intensity) in enumerate((s, i) for s in SECTIONS for i in INTENSITIES):
            situation = Situation(
                mode="weighted",
                section=section,
                intensity=intensity,
                shown=None,
                shown_strength=None,
                recent=[],
                quarantined=[],
                banned=[],
            )
            for pick in range(PICKS):
                drawn = chooser.draw(table, situation, number * PICKS + pick)
                picks.append(-1 if drawn is None else int(drawn.chosen))
    return picks
