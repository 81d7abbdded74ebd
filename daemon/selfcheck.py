"""Does this machine compute as every other does? Asked at the start, before anything is proved by it.

A library that switches subnormal numbers off, a compiler that contracts or reorders, a damaged file of
weights: each would give other bytes later, in a way that nobody could explain. Here each is one sentence.
`replay` and `verify` refuse to go on; the show goes on, and its session says that it does not replay exactly.

``python -m daemon.selfcheck`` prints what is wrong, or nothing; with ``--write`` it takes the tables, weights
and kernels of today as the right ones (`make golden GOLDEN_ARGS=--yes` does that, too).
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from daemon import kernel_cache

kernel_cache.activate()

import numba  # noqa: E402
import numpy as np  # noqa: E402
from numba import njit  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from daemon import known_bits  # noqa: E402
from daemon.errors import MissingError  # noqa: E402
from dsp import tables  # noqa: E402
from dsp.kernels.approx import exp2, log2  # noqa: E402
from dsp.kernels.frames import octaves, window_power  # noqa: E402
from dsp.kernels.network import sigmoid, tanh  # noqa: E402

THIRD, ROOT = 0x3FD5555555555555, 0x3FF6A09E667F3BCD
"""Bits of 1/3 and of the root of 2 in double precision."""
WEIGHTS = Path(__file__).resolve().parent.parent / "dsp" / "weights"


@njit(
    ["void(float32[::1], float32[::1])", "void(float64[::1], float64[::1])"],
    cache=True,
    nogil=True,
    error_model="numpy",
)
def probe(x: NDArray[np.floating], out: NDArray[np.floating]) -> None:
    """Steps of arithmetic in single or double precision, with values that the compiler does not know."""
    out[0] = x[0] * x[1]
    out[1] = x[2] + x[3]
    out[2] = x[4] + x[3]
    out[3] = x[5] * x[5] - x[6]
    out[4] = x[2] / x[7]
    out[5] = np.sqrt(x[8])
    total = x[9]
    for k in range(10, x.shape[0]):
        total += x[k]
    out[6] = total


def _arguments(fraction: int, tiny: float, root: int) -> list[float]:
    """What tells right from wrong, for numbers with so many bits after the leading one.

    In order: a number whose tenth is subnormal, 0.1; 1 and half a unit in the last place; 1 and a whole one;
    `1 + 2^-root` and its square as rounded; 3; 2; then terms of many sizes, whose sum depends on their order.
    """
    unit = 2.0**-fraction
    factor = 1.0 + 2.0**-root
    square = 1.0 + 2.0 ** (1 - root)
    terms = [(k * 7919 % 4093 - 2046) / (1 + k % 37) for k in range(300)]
    return [tiny, 0.1, 1.0, unit / 2, 1.0 + unit, factor, square, 3.0, 2.0, *terms]


def faults() -> list[str]:
    """What is wrong with this machine or installation, a sentence each; empty when all is well."""
    return [*_setting(), *_arithmetic(), *_integers(), *_contents()]


def require() -> None:
    """Make sure of it.

    Raises:
        MissingError: something is wrong.
    """
    found = faults()
    if found:
        raise MissingError(
            found[0],
            where="self-check",
            fix="nothing replayed here would prove anything; see docs/determinism.md",
        )


def _setting() -> Iterator[str]:
    if sys.byteorder != "little":
        yield "this processor puts the highest byte first; aivjd is made for the other order"
    if numba.config.DISABLE_JIT:
        yield "NUMBA_DISABLE_JIT is set, so kernels run as Python, which rounds in other places"


def _arithmetic() -> Iterator[str]:
    for name, dtype, arguments, unit, third, root in (
        ("single", np.dtype("f4"), _arguments(23, 1e-38, 12), 2.0**-23, 0x3EAAAAAB, 0x3FB504F3),
        ("double", np.dtype("f8"), _arguments(52, 1e-308, 27), 2.0**-52, THIRD, ROOT),
    ):
        out = np.zeros(7, dtype=dtype)
        probe(np.array(arguments, dtype=dtype), out)
        bits = [int(value) for value in out.view(f"u{out.itemsize}")]
        if out[0] == 0.0:
            yield f"subnormal numbers of {name} precision become zero (some library has switched them off)"
        if out[1] != 1.0 or out[2] != 1.0 + 2.0 * unit:
            yield f"numbers of {name} precision are not rounded to the nearest, ties to even"
        if out[3] != 0.0:
            yield f"products and sums of {name} precision are contracted, so that one rounding is left out"
        if (bits[4], bits[5]) != (third, root):
            yield f"quotients or roots of {name} precision are not rounded correctly"
        if out[6] != _in_order(arguments[9:], out.dtype):
            yield f"sums of {name} precision are not taken in the order in which they are written"
    tiny, tenth, one, half = _arguments(52, 1e-308, 27)[:4]
    if tiny * tenth == 0.0 or one + half != one:
        yield "Python's own numbers are not rounded to the nearest, or lose what is subnormal"


def _in_order(terms: list[float], dtype: np.dtype[np.floating]) -> float:
    """Their sum, one after the other."""
    total = dtype.type(0.0)
    for term in np.array(terms, dtype=dtype):
        total += term
    return float(total)


def _integers() -> Iterator[str]:
    whole = np.array([-7, 7, 1 << 62], dtype=np.int64)
    wrapped = np.array([0x9E3779B97F4A7C15], dtype=np.uint64) * np.array([3], dtype=np.uint64)
    good = (
        (whole >> 1).tolist() == [-4, 3, 1 << 61]
        and (whole[:2] // 2).tolist() == [-4, 3]
        and (whole[:2] % 4).tolist() == [1, 3]
        and (whole * 4).tolist() == [-28, 28, 0]
        and wrapped.tolist() == [0x9E3779B97F4A7C15 * 3 % (1 << 64)]
        and np.cumsum(np.array([1 << 40] * 4)).tolist() == [1 << 40, 2 << 40, 3 << 40, 4 << 40]
        and np.searchsorted(np.array([1, 3, 3, 5]), 3, side="right") == 3
        and np.array([-1.75, 1.75, 8388607.0]).astype(np.int32).tolist() == [-1, 1, 8388607]
        and np.floor(np.array([-0.5, 2.5])).tolist() == [-1.0, 2.0]
        and np.argsort(np.array([2, 1, 2, 1]), kind="stable").tolist() == [1, 3, 0, 2]
    )
    if not good:
        yield f"numpy {np.__version__} does not count as it should (shifts, wraps, rounds or sorts otherwise)"


def _contents() -> Iterator[str]:
    for name, sha256 in weights().items():
        if known_bits.WEIGHTS.get(name) != sha256:
            yield f"dsp/weights/{name} is not the file that belongs to this version"
    if known_bits.WEIGHTS.keys() - weights().keys():
        yield "a file of weights is missing"
    if tables_sha256() != known_bits.TABLES:
        yield "tables made with integers come out otherwise here"
    elif kernels_sha256() != known_bits.KERNELS:
        yield "kernels give other bits here for the same numbers"


def weights() -> dict[str, str]:
    """sha256 (hex) of each file of weights."""
    files = sorted(WEIGHTS.glob("*.bin"))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def tables_sha256() -> str:
    """sha256 (hex) over small tables of every sort."""
    digest = hashlib.sha256()
    window, total = tables.late_window(128)
    for array in (*tables.twiddles(256), window):
        digest.update(array.astype("<f4").tobytes())
    edges = tables.band_edges(30, 16000, 3)
    reals = [total, tables.ROOT_2, tables.smoothing(0.3, 256, 48000)]
    filters = [tables.low_pass(edges[2], 48000), tables.high_pass(edges[5], 48000)]
    for coefficients in (*tables.k_weighting(44100), *filters):
        reals += coefficients
    digest.update(repr((edges, reals)).encode())
    return digest.hexdigest()


def kernels_sha256() -> str:
    """sha256 (hex) over what some kernels make of a made-up signal: sums, products, series, bits, loops."""
    size = 256
    counted = np.arange(2 * size, dtype=np.int64).reshape(2, size)
    signal = ((counted * 7919 % 4093 - 2046) / 2048).astype(np.float32)
    power, level = np.zeros((2, size // 2), dtype=np.float32)
    window_power(
        signal, 0, tables.late_window(128)[0], np.stack(tables.twiddles(size)),
        np.zeros((2, 2, size), dtype=np.float32), np.float32(0.001), power,
    )  # fmt: skip
    octaves(power, level)
    reals = [f(float(x) * 3.0) for x in level[:32] for f in (exp2, sigmoid, tanh)]
    reals += [log2(abs(float(x))) for x in signal[0, :32]]
    digest = hashlib.sha256(power.astype("<f4").tobytes() + level.astype("<f4").tobytes())
    digest.update(np.array(reals, dtype="<f8").tobytes())
    return digest.hexdigest()


def write() -> None:
    """Take what is here as right: `known_bits.py` anew."""
    lines = [
        f'"""{known_bits.__doc__}"""',
        "",
        f'TABLES = "{tables_sha256()}"',
        f'KERNELS = "{kernels_sha256()}"',
    ]
    lines += ["WEIGHTS = {", *(f'    "{name}": "{sha256}",' for name, sha256 in weights().items()), "}"]
    Path(known_bits.__file__).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        sys.stdout.writelines(f"{fault}\n" for fault in faults())
        sys.exit(1 if faults() else 0)
