"""The rows of the determinism matrix: under which circumstances the same session is replayed.

A row is an environment and arguments for processes of their own. One that this machine cannot do (a processor
without AVX-512, a locale that is not installed) says why instead.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import llvmlite.binding as llvm
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

BLOCKS = (1, 7, 441, 512, 4096)
HASWELL = "sse3 ssse3 sse4.1 sse4.2 popcnt cx16 movbe avx avx2 fma f16c bmi bmi2 lzcnt"
SKYLAKE = f"{HASWELL} avx512f avx512cd avx512bw avx512dq avx512vl"
ZEN4 = f"{SKYLAKE} avx512vbmi avx512ifma avx512vnni avx512bf16 avx512bitalg avx512vpopcntdq gfni"
X86 = {
    "generic": "",
    "haswell": HASWELL,
    "skylake-avx512": SKYLAKE,
    "znver4": ZEN4,
}
ARM = {"generic": "", "cortex-a72": "", "neoverse-n1": "", "apple-m1": ""}
"""Targets of numba with what their processors can do; more than this one has cannot be run."""


class Row(NamedTuple):
    """One row.

    Attributes:
        group: what is varied.
        name: how.
        env: added to the environment.
        flags: of Python.
        args: of `daemon.bench.outputs`.
        copies: processes at the same time.
        kernels: folder of compiled kernels within the run's own; empty for the user's.
        missing: why it cannot be run here, or empty.
        quick: whether it belongs to the subset that the tests run.
    """

    group: str
    name: str
    env: dict[str, str] = {}  # noqa: RUF012 (never written to)
    flags: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    copies: int = 1
    kernels: str = ""
    missing: str = ""
    quick: bool = False


def rows(scratch: Path) -> Iterator[Row]:
    """All of them; the first is what the others are compared with.

    Args:
        scratch: folder for what has to be made first, such as a locale.
    """
    yield Row("reference", "as it comes", quick=True)
    for block in BLOCKS:
        quick = block in (7, 4096)
        yield Row("block", f"{block} samples", args=("--block", str(block)), quick=quick)
    yield Row("threads", "engine in a thread", args=("--threads", "1"))
    yield Row("threads", "two engines in two threads", args=("--threads", "2"), quick=True)
    for count in (1, 4):
        yield Row("threads", f"NUMBA_NUM_THREADS={count}", {"NUMBA_NUM_THREADS": str(count)})
    yield Row("processes", "four at once", copies=4)
    yield from _targets()
    for level in (1, 2):
        yield Row("numba", f"NUMBA_OPT={level}", {"NUMBA_OPT": str(level)}, kernels=f"opt{level}")
    plain = {"NUMBA_LOOP_VECTORIZE": "0", "NUMBA_SLP_VECTORIZE": "0"}
    yield Row("numba", "no vectors", plain, kernels="plain")
    yield Row("numba", "SLP vectors too", {"NUMBA_SLP_VECTORIZE": "1"}, kernels="slp")
    yield from _numpy_levels()
    yield from _places(scratch)
    for seed in ("0", "1", "random"):
        yield Row("Python", f"PYTHONHASHSEED={seed}", {"PYTHONHASHSEED": seed}, quick=seed == "1")
    yield Row("Python", "PYTHONMALLOC=debug", {"PYTHONMALLOC": "debug"})
    yield Row("Python", "python -O", flags=("-O",))
    yield Row("Python", "python -OO -X dev", flags=("-OO", "-X", "dev", "-W", "ignore"))


def _targets() -> Iterator[Row]:
    machine = platform.machine()
    known = X86 if machine == "x86_64" else ARM if machine == "aarch64" else {}
    has = {name for name, there in llvm.get_host_cpu_features().items() if there}
    for name, needs in known.items():
        lacks = [word for word in needs.split() if word not in has] if machine == "x86_64" else []
        yield Row(
            "numba",
            f"target {name}",
            {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": ",".join(f"+{word}" for word in needs.split())},
            kernels=name,
            missing=f"this processor lacks {', '.join(lacks)}" if lacks else "",
        )


def _numpy_levels() -> Iterator[Row]:
    """Fewer and fewer of numpy's variants, from the newest instructions down to the baseline."""
    there = [name for name in __cpu_dispatch__ if __cpu_features__.get(name)]
    for count in range(1, len(there) + 1):
        without = there[-count:]
        yield Row(
            "numpy",
            f"without {' '.join(without)}",
            {"NPY_DISABLE_CPU_FEATURES": " ".join(without)},
            quick=count == len(there),
        )


def _places(scratch: Path) -> Iterator[Row]:
    """Locales and time zones; one of them writes a comma where others write a point."""
    for name, zone in (("C", "UTC"), ("C.UTF-8", "Pacific/Apia"), ("POSIX", "Asia/Kathmandu")):
        yield Row("place", f"{name}, {zone}", {"LC_ALL": name, "TZ": zone})
    for name, zone, quick in (("de_DE", "Europe/Berlin", True), ("tr_TR", "Europe/Istanbul", False)):
        env, missing = _locale(name, scratch)
        yield Row("place", f"{name}, {zone}", {**env, "TZ": zone}, missing=missing, quick=quick)


def _locale(name: str, scratch: Path) -> tuple[dict[str, str], str]:
    """How to ask for a locale: an installed one, else one that is compiled into the scratch folder."""
    asked = f"{name}.UTF-8"
    installed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.split()  # noqa: S607
    if f"{name}.utf8" in installed or asked in installed:
        return {"LC_ALL": asked}, ""
    place = scratch / "locales"
    if not (place / asked).exists():
        localedef = shutil.which("localedef")
        if localedef is None:
            return {}, f"there is no locale {asked} here, and no localedef to make it"
        place.mkdir(parents=True, exist_ok=True)
        command = [localedef, "--no-archive", "-i", name, "-f", "UTF-8", str(place / asked)]
        if subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603
            return {}, f"there is no locale {asked} here, nor what it is made of"
    return {"LC_ALL": asked, "LOCPATH": str(place)}, ""


def command(row: Row, sessions: list[Path]) -> list[str]:
    """What to run for a row."""
    return [sys.executable, *row.flags, "-m", "daemon.bench.outputs", *row.args, *map(str, sessions)]


def environment(row: Row, kernels: Path) -> dict[str, str]:
    """The environment in which to run it: ours, without what others of us may have set, and the row's own.

    Args:
        row: to be run.
        kernels: folder under which each numba target has one of its own: numba's cache does not tell
            optimisation levels apart.
    """
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NUMBA_", "NPY_", "PYTHON", "LC_")) and name not in ("TZ", "LANG", "LOCPATH")
    }
    kept = {name: os.environ[name] for name in ("NUMBA_CACHE_DIR", "PYTHONPATH") if name in os.environ}
    own = {"NUMBA_CACHE_DIR": str(kernels / row.kernels)} if row.kernels else kept
    return {**ours, "PYTHONPATH": kept.get("PYTHONPATH", ""), **own, **row.env}
