"""The table that allows a score to be published: predictions beside measurements, on held-out families."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.gates.rules import Evidence
from models.tables.parquet import one_origin, read_table
from models.tables.schema import Column, Schema

_UNIT = "in [0, 1]"

EVIDENCE = Schema(
    "pair-evidence",
    key=(Column("fg", "text", "content id of the foreground"), Column("bg", "text", "of the background")),
    columns=(
        Column("fgFamily", "whole", "family of the foreground; training saw no preset of it"),
        Column("bgFamily", "whole", "of the background, likewise"),
        Column("measured", "real", f"quality of the composite as measured, {_UNIT}"),
        Column("predicted", "real", f"by the model, before calibration, {_UNIT}"),
        Column("static", "real", f"by a straight line through warp_diff and cx_diff, {_UNIT}"),
        Column("linear", "real", f"by ridge regression on the model's inputs, {_UNIT}"),
        Column("boosting", "real", f"by gradient boosting on the model's inputs, {_UNIT}"),
    ),
    measured=True,
)
BASELINES = ("static",)
"""Must be beaten."""
RIVALS = ("linear", "boosting")
"""Must not be clearly better: the network is kept for its size and smoothness where it is their equal."""


def read_evidence(path: Path) -> Evidence:
    """The evidence in a table of `EVIDENCE`.

    Raises:
        TableError: no such table, or its rows were measured in different ways.
    """
    rows = read_table(path, EVIDENCE)
    one_origin(rows, str(path))
    column = {name: np.array(rows[name], dtype=np.float64) for name in ("predicted", "measured")}
    return Evidence(
        **column,
        families=np.array([rows["fgFamily"], rows["bgFamily"]], dtype=np.int64).T,
        baselines={name: np.array(rows[name]) for name in BASELINES},
        rivals={name: np.array(rows[name]) for name in RIVALS},
    )
