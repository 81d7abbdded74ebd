"""What a pick depends on besides its session: the code and the weights, named by one hash."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def tool_version() -> str:
    """Version of the installed distribution."""
    try:
        return version("aivjd")
    except PackageNotFoundError:
        return "0+source"


def code_sha256() -> str:
    """sha256 over the sources of the decision path: `dsp`, `selector`, the engine and what it hears with."""
    sources = [
        *(ROOT / "dsp").rglob("*.py"),
        *(ROOT / "dsp" / "weights").glob("*.bin"),
        *(ROOT / "selector").rglob("*.py"),
        ROOT / "daemon" / "engine.py",
        ROOT / "daemon" / "hearing.py",
    ]
    return _sha256(sources)


def kernels_sha256() -> str:
    """sha256 over the jitted sources and the compiler's version."""
    sources = [*(ROOT / "dsp").rglob("*.py"), *(ROOT / "selector" / "kernels").glob("*.py")]
    return _sha256(sources, version("numba"), version("llvmlite"))


def platform_facts() -> dict[str, str]:
    """What could make other bits of the same code: weights, kernels, libraries, processor.

    `verify` names what differs when a recording of the same code does not replay.
    """
    return {
        "weights": _sha256((ROOT / "dsp" / "weights").glob("*.bin")),
        "kernels": kernels_sha256(),
        "numba": version("numba"),
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpu": os.environ.get("NUMBA_CPU_NAME", "") or "host",
    }


def _sha256(sources: Iterable[Path], *words: str) -> str:
    digest = hashlib.sha256("\n".join(words).encode())
    for path in sorted(sources):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
