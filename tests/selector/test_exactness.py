"""The decider touches nothing but its arguments, and costs next to nothing while it waits."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from time import process_time

import pytest
from band import QUIET, Band, make_selector

import selector

ROOMS = sorted(Path(selector.__file__).parent.rglob("*.py"))
ALLOWED = {
    "__future__",
    "collections",
    "dsp",
    "functools",
    "hashlib",
    "itertools",
    "json",
    "math",
    "msgspec",
    "numba",  # how it may be used: tests/purity.py
    "numpy",
    "re",
    "selector",
    "typing",
    "urllib",
}
INEXACT = {
    "exp",
    "exp2",
    "log",
    "log10",
    "log1p",
    "sin",
    "cos",
    "tan",
    "tanh",
    "power",
    "dot",
    "matmul",
    "mean",
    "std",
    "var",
    "random",
    "einsum",
    "fft",
    "linalg",
    "pow",
    "hypot",
    "cbrt",
}


@pytest.mark.parametrize("room", ROOMS, ids=lambda p: p.stem)
def test_a_room_imports_and_computes_only_what_is_exact(room):
    tree = ast.parse(room.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert {a.name.partition(".")[0] for a in node.names} <= ALLOWED
        elif isinstance(node, ast.ImportFrom):
            assert str(node.module).partition(".")[0] in ALLOWED
            if str(node.module).startswith("dsp"):
                assert node.module in ("dsp.snapshot", "dsp.events", "dsp.errors", "dsp.kernels.approx")
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert not (node.value.id in ("np", "math") and node.attr in INEXACT), node.attr
        elif isinstance(node, ast.BinOp):
            assert not isinstance(node.op, ast.Pow | ast.MatMult)


@pytest.mark.parametrize("sound", [None, QUIET])
def test_a_hop_without_news_costs_microseconds(sound):
    band = Band() if sound is None else Band(sound)
    decider = make_selector()
    band.play(decider, 3.0)
    hops = list(band.hops(20.0))
    start = process_time()
    for snapshot, events in hops:
        decider.step(snapshot, events)
    each = (process_time() - start) / len(hops)
    assert "torch" not in sys.modules
    assert each < 60e-6  # about 5 on an idle machine; the bound leaves room for a busy one
