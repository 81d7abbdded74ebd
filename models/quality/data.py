"""Presets with what was measured of them: the rows that quality models learn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.errors import TableError
from models.families import families
from models.features.program import of_json
from models.features.vector import features
from models.gates.ranks import F64, I64
from models.measure.table import TABLE, key, read_table
from models.packs.butterchurn import Preset
from models.packs.canonical import sha256_hex
from models.packs.source import open_package, scan
from models.splits import lead_author

FEWEST = 60
"""Presets; with fewer nothing can be said of families that were not seen."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Rows:
    """Presets that were measured, in the order of their content ids.

    Attributes:
        content_ids: of the presets.
        inputs: f64[n, features], by `models.features.vector`.
        targets: f64[n] of each metric that was measured.
        families: i64[n]: near-duplicates have one number.
        authors: first author of each, in lower case; the preset's name where there is none.
        origin: renderer, rig and stimulus of the metrics, and what they were read from.
    """

    content_ids: tuple[str, ...]
    inputs: F64
    targets: Mapping[str, F64]
    families: I64
    authors: tuple[str, ...]
    origin: Mapping[str, str]

    @property
    def author_numbers(self) -> I64:
        """i64[n]: presets of one author have one number."""
        return np.unique(self.authors, return_inverse=True)[1].astype(np.int64)


def rows_of(
    presets: Sequence[Preset],
    targets: Mapping[str, Sequence[float]],
    origin: Mapping[str, str],
    progress: Progress,
) -> Rows:
    """Rows of measured presets; `targets` has a value for each.

    Raises:
        TableError: there are fewer than `FEWEST`.
    """
    if len(presets) < FEWEST:
        what = f"only {len(presets)} measured presets, at least {FEWEST} are needed"
        raise TableError(what, fix="measure more of them")
    order = sorted(range(len(presets)), key=lambda at: presets[at].content_id)
    inputs = []
    for number, at in enumerate(order, 1):
        inputs.append(list(features(of_json(presets[at])).values()))
        progress(number, len(order), "running equations")
    ordered = [presets[at] for at in order]
    return Rows(
        content_ids=tuple(preset.content_id for preset in ordered),
        inputs=np.array(inputs),
        targets={name: np.array([column[at] for at in order]) for name, column in targets.items()},
        families=np.array(families(ordered), dtype=np.int64),
        authors=tuple(lead_author(preset.author) or preset.name for preset in ordered),
        origin=origin,
    )


def rows_of_package(folder: Path, progress: Progress) -> Rows:
    """Rows of the installed npm package `butterchurn-presets`, by the table that lies beside the code.

    Raises:
        PackError: `folder` is not that package.
    """
    package, table = open_package(folder), read_table()
    found = [preset for preset in scan(package, table, progress).presets if key(preset) in table]
    seen = [table[key(preset)] for preset in found]
    targets = {"luma": [s.luma for s in seen], "motion": [s.motion for s in seen]}
    origin = {
        "renderer": "butterchurn 3.0.0-beta.5",
        "rig": "models/measure/rig.py",
        "stimulus": "beat",
        "presets": package.label,
        "measurements": sha256_hex(TABLE.read_bytes()),
    }
    return rows_of(found, targets, origin, progress)
