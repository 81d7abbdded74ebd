"""What the pure rooms may not do, and who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("dsp", "selector", "daemon", "models")
IMPURE_MODULES = {
    "time", "datetime", "random", "secrets", "uuid", "os", "io", "sys", "pathlib", "shutil", "tempfile",
    "socket", "select", "selectors", "ssl", "http", "urllib", "threading", "asyncio", "multiprocessing",
    "concurrent", "subprocess", "signal", "queue", "sched", "logging", "gc", "ctypes", "torch", "scipy",
    "sounddevice", "soundfile", "aubio",
}  # fmt: skip
PURE_PARTS = {"urllib.parse"}
"""Modules of an impure package that only compute."""
IMPURE_CALLS = {"open", "print", "input", "eval", "exec", "hash", "id", "__import__"}
NUMPY_FORBIDDEN = {
    # Differ between CPU generations.
    "log", "log2", "log10", "log1p", "exp", "exp2", "expm1", "sin", "cos", "tan", "tanh", "sinh", "cosh",
    "arcsin", "arccos", "arctan", "arctan2", "power", "float_power", "cbrt", "hypot", "angle", "hanning",
    "hamming", "blackman", "kaiser", "logspace", "geomspace", "fft", "linalg", "random",
    # Order of addition is an implementation detail, or BLAS.
    "dot", "vdot", "inner", "outer", "matmul", "tensordot", "einsum", "convolve", "correlate",
}  # fmt: skip
FLOAT_REDUCTIONS = {"mean", "std", "var", "average", "median", "nansum", "nanmean", "prod"}
MATH_ALLOWED = {"isqrt", "sqrt", "floor", "ceil", "fsum", "isnan", "isfinite", "isinf", "gcd", "inf", "nan"}


def sources(room: str) -> list[Path]:
    return sorted(path for path in (ROOT / room).rglob("*.py") if "node_modules" not in path.parts)


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield node.module or "", node


def faults(text: str) -> list[str]:
    """What a pure module does that it may not, as `line: what`."""
    tree = ast.parse(text)
    found = [
        f"{node.lineno}: imports {name}"
        for name, node in imports(tree)
        if name.split(".")[0] in IMPURE_MODULES and name not in PURE_PARTS
    ]
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            found.append(f"{line}: calls {node.func.id}")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = f"{node.value.id}.{node.attr}"
            if node.value.id in ("np", "numpy") and node.attr in NUMPY_FORBIDDEN | FLOAT_REDUCTIONS:
                found.append(f"{line}: uses {name}")
            if node.value.id == "math" and node.attr not in MATH_ALLOWED:
                found.append(f"{line}: uses {name}")
        if (
            isinstance(node, ast.Attribute)
            and node.attr in FLOAT_REDUCTIONS
            and isinstance(node.ctx, ast.Load)
        ):
            found.append(f"{line}: uses .{node.attr}")
        if isinstance(node, ast.ImportFrom) and node.module == "math":
            found += [f"{line}: uses math.{a.name}" for a in node.names if a.name not in MATH_ALLOWED]
        if isinstance(node, ast.keyword) and node.arg in ("fastmath", "parallel"):
            found.append(f"{node.value.lineno}: passes {node.arg}")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            found.append(f"{line}: uses @")
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Pow)
            and isinstance(node.right, ast.Constant)
        ) and not isinstance(node.right.value, int):
            found.append(f"{line}: power with a fraction")
        if isinstance(node, ast.Name) and node.id == "prange":
            found.append(f"{line}: uses prange")
    return found


@pytest.mark.parametrize("path", sources("dsp") + sources("selector"), ids=lambda p: str(p.relative_to(ROOT)))
def test_pure_rooms_are_pure(path):
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "import time", "from os import path", "import asyncio", "import numpy.random as r; import random",
        "open('x')", "print(1)", "y = np.exp(x)", "y = np.random.default_rng(1)", "y = np.dot(a, b)",
        "y = a @ b", "y = np.fft.rfft(x)", "y = x.mean()", "import math\ny = math.exp(1)",
        "from math import log", "y = x ** 0.3", "import urllib.request",
        "f = njit(fastmath=True)", "for i in prange(3): pass",
    ],
)  # fmt: skip
def test_the_guard_bites(line):
    assert faults(line)


def ours(path: Path) -> list[tuple[str, bool]]:
    """Rooms of ours that a file imports, and whether it does so inside a function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.walk(node)
    }
    return [
        (name.split(".")[0], id(node) in inner) for name, node in imports(tree) if name.split(".")[0] in ROOMS
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_layers(room):
    allowed = {
        "dsp": {"dsp"},
        "selector": {"dsp", "selector"},
        "daemon": {"dsp", "selector", "daemon"},
        "models": {"dsp", "selector", "models"},
    }[room]
    for path in sources(room):
        for name, inside in ours(path):
            # Offline commands alone may reach the models, and only once they run.
            offline = path.name.startswith("cli") or path.parent == ROOT / "daemon" / "commands"
            command = room == "daemon" and name == "models" and offline and inside
            assert name in allowed or command, f"{path.relative_to(ROOT)} imports {name}"
