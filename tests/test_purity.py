"""What the way to a pick may not do, by its source; who imports whom. See `purity` for the rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from purity import faults

ROOT = Path(__file__).parents[1]
ROOMS = ("dsp", "selector", "daemon", "models")
WEIGHTS = frozenset({"importlib.resources"})
ENGINE = frozenset({"daemon.config", "daemon.hearing", "daemon.beat_engine"})
ALSO = {
    "dsp/weights/__init__.py": WEIGHTS,  # read once, at import, like code
    "dsp/weights/onsets.py": WEIGHTS,
    "daemon/engine.py": ENGINE,
    "daemon/hearing.py": ENGINE,
}
"""What some files may import besides."""
EXCEPTIONS = {
    "dsp/weights_file.py": "calls sum",  # of sizes, integers
    "dsp/squelch.py": "calls sum",  # of truths
    "selector/explain.py": "calls sum",  # of micro-units
}
"""Faults that are none, each once, each with its reason."""


def sources(room: str) -> list[Path]:
    return sorted(path for path in (ROOT / room).rglob("*.py") if "node_modules" not in path.parts)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


DECIDES = [
    *sources("dsp"),
    *sources("selector"),
    ROOT / "daemon" / "engine.py",
    ROOT / "daemon" / "hearing.py",
]


@pytest.mark.parametrize("path", DECIDES, ids=named)
def test_what_decides_is_pure(path: Path) -> None:
    found = faults(path.read_text(encoding="utf-8"), ALSO.get(named(path), frozenset()))
    what = [fault.partition(": ")[2] for fault in found]
    excepted = EXCEPTIONS.get(named(path))
    if excepted is not None:
        assert excepted in what, f"{named(path)} no longer {excepted}: take it from the exceptions"
        what.remove(excepted)
    assert not what, found


@pytest.mark.parametrize(
    "line",
    [
        # clocks, files, chance, other processes
        "import time",
        "from os import path",
        "import asyncio",
        "import numpy.random as r",
        "import random",
        "import urllib.request",
        "import builtins",
        "import operator",
        "import platform",
        "import locale",
        "open('x')",
        "print(1)",
        "read = open",
        "__import__('time')",
        "eval('1')",
        "exec(text)",
        "x = globals()",
        "__builtins__['open']('x')",
        "from time import *",
        "from . import clock",
        "y = np.random.default_rng(1)",
        # library functions that round otherwise elsewhere
        "y = np.exp(x)",
        "from numpy import log",
        "from numpy import log as exact",
        "import numpy as quiet",
        "import numpy",
        "n = np\ny = n.log(x)",
        "y = getattr(np, 'log')(x)",
        "f = vars(np)['log']",
        "y = np.linalg.norm(x)",
        "from numpy.linalg import norm",
        "import numpy.linalg",
        "import numpy.fft as f",
        "y = np.fft.rfft(x)",
        "y = np.hypot(a, b)",
        "y = np.round(x, 3)",
        "import math\ny = math.exp(1)",
        "import math as m",
        "m = math\ny = m.exp(1)",
        "from math import log",
        "from math import sqrt as log",
        "y = abs(complex(a, b))",
        "y = abs(1j * x)",
        "y = np.abs(x.astype(np.complex128))",
        # powers
        "y = x ** 0.3",
        "y = x ** 2",
        "y = 2.0 ** x",
        "y = x ** n",
        "x **= 0.5",
        "y = pow(x, 0.3)",
        "p = pow",
        "y = float.__pow__(x, 0.3)",
        "y = x.__pow__(0.3)",
        "y = 10 ** n",
        "y = np.power(x, 2)",
        "y = 2 ** -x",
        # sums in nobody's order
        "y = np.dot(a, b)",
        "y = a.dot(b)",
        "y = a @ b",
        "a @= b",
        "y = getattr(a, 'dot')(b)",
        "y = x.mean()",
        "y = np.sum(x)",
        "y = x.sum()",
        "y = float(x.sum())",
        "y = getattr(x, 'sum')()",
        "y = sum(x)",
        "add = sum",
        "y = sum({0.1, 0.2, 0.3})",
        "y = np.add.reduce(x)",
        "y = np.einsum('i,i', a, b)",
        "y = x.std()",
        # compiled otherwise
        "f = njit(fastmath=True)",
        "@njit('f8(f8)', fastmath=True)\ndef f(x): pass",
        "@njit('f8(f8)', parallel=True)\ndef f(x): pass",
        "@njit('f8(f8)', **options)\ndef f(x): pass",
        "options = {'fastmath': True}",
        "flags = 'fastmath'",
        "options = dict(fastmath=True)",
        "flags = {'reassoc'}",
        "fast = njit",
        "@njit\ndef f(x): pass",
        "@njit(cache=True)\ndef f(x): pass",
        "from numba import prange",
        "for i in prange(3): pass",
        "from numba import vectorize",
        "from numba import jit",
        "import numba",
        "import numba as n",
        "from numba import njit as quick",
        "from numba.extending import overload",
        "from functools import partial",
        "f = map(njit, fs)",
        # what hangs on the order of a set, or on where things lie in memory
        "for x in {1, 2}: pass",
        "for x in set(y): pass",
        "y = [x for x in frozenset(z)]",
        "y = list({1, 2})",
        "s = set(y)\nfor x in s: pass",
        "self.s = set()\ny = tuple(self.s)",
        "def f(s: set[str]): return [*s]",
        "def f(s: frozenset[str]):\n    for x in s: pass",
        "s: set[int] = z\ny = enumerate(s)",
        "y = {*a} | b\nlist(y)",
        "for k in a.keys() - b.keys(): pass",
        "y = ','.join({'a', 'b'})",
        "y = dict.fromkeys({1, 2})",
        "y = {x: 1 for x in {1, 2}}",
        "y = sorted({1, 2}, key=f)",
        "y = max(set(z), key=f)",
        "y = {1, 2}.pop()",
        "y = np.array(list(set(z)))",
        "y = next(iter({1, 2}))",
        "y = a.union(b)\nfor x in y: pass",
        "y = hash(x)",
        "y = id(x)",
        "y = sorted(x, key=hash)",
        "y = sorted(x, key=id)",
        "y = x.__hash__()",
        "y = np.argsort(x)",
        "y = np.sort(x)",
        "x.sort()",
        "y = x.argsort(kind='quicksort')",
        # rounding and writing of numbers
        "y = round(x, 3)",
        "y = f'{x:n}'",
        "y = '{:n}'.format(x)",
        "y = format(x, 'n')",
        "def f():\n    global x",
        "setattr(x, 'y', 1)",
        "y = x.__class__.__subclasses__()",
    ],
)
def test_the_guard_bites(line: str) -> None:
    assert faults(line)


@pytest.mark.parametrize(
    "line",
    [
        "import numpy as np",
        "from math import fsum",
        "from numba import njit",
        "import numpy.typing as npt",
        "y = np.zeros(3)",
        "y = 2 ** bits",
        "y = 1 << bits",
        "y = int(column.sum())",
        "y = round(x)",
        "y = x * x",
        "y = sorted({1, 2})",
        "y = 1 in {1, 2}",
        "y = len(set(z))",
        "y = np.argsort(x, kind='stable')",
        "y = sorted(a.keys() - b.keys())",
        "y = f'{x:.3f}'",
        "y = getattr(row, name)",
        "for x in [1, 2]: pass",
        "@njit('f8(f8)', cache=True, nogil=True, error_model='numpy')\ndef f(x): pass",
        "y = max({1, 2})",
        "class A:\n    id: str",
        "y = type(x).__name__",
    ],
)
def test_the_guard_lets_good_code_be(line: str) -> None:
    assert faults(line) == []


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield node.module or "", node


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
def test_layers(room: str) -> None:
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
