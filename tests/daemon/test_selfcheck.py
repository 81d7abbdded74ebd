"""A machine that computes otherwise is told apart before anything is proved on it."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numba
import numpy as np
import pytest

from daemon import known_bits, selfcheck
from daemon.bench.running import RunningDaemon
from daemon.cli import main
from daemon.errors import MissingError

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="sets a register of x86")

# What a library that was linked with -ffast-math does when it is loaded: the control word of the vector unit,
# with the bits "flush to zero" and "take subnormal numbers for zero".
FAST_MATH = """
import ctypes, llvmlite.binding as llvm
llvm.initialize_native_target()
llvm.initialize_native_asmprinter()
module = llvm.parse_assembly('''
declare void @llvm.x86.sse.ldmxcsr(i8*)
@word = constant i32 {word}
define void @set() {{
  call void @llvm.x86.sse.ldmxcsr(i8* bitcast (i32* @word to i8*))
  ret void
}}
''')
machine = llvm.Target.from_default_triple().create_target_machine()
engine = llvm.create_mcjit_compiler(module, machine)
engine.finalize_object()
ctypes.CFUNCTYPE(None)(engine.get_function_address("set"))()
"""
FLUSHING = 0x9FC0


def test_this_machine_is_well() -> None:
    assert selfcheck.faults() == []


def test_it_takes_no_time() -> None:
    selfcheck.faults()
    started = time.thread_time()
    selfcheck.faults()
    assert time.thread_time() - started < 0.05


@X86
def test_lost_subnormals_are_found() -> None:
    code = (
        FAST_MATH.format(word=FLUSHING)
        + "from daemon import selfcheck\nprint('\\n'.join(selfcheck.faults()))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    for precision in ("single", "double"):
        assert f"subnormal numbers of {precision} precision become zero" in done.stdout
    assert "Python's own numbers" in done.stdout


@X86
@pytest.mark.parametrize("mode", [0x400, 0x800, 0xC00])  # down, up, towards zero
def test_another_rounding_is_found(mode: int) -> None:
    library = ctypes.CDLL("libm.so.6")
    library.fesetround(mode)
    try:
        found = selfcheck.faults()
    finally:
        library.fesetround(0)
    assert any("not rounded to the nearest" in fault or "not rounded correctly" in fault for fault in found)
    assert selfcheck.faults() == []


@pytest.mark.parametrize(
    ("flags", "fault"),
    [({"contract"}, "are contracted"), ({"reassoc"}, "in the order in which they are written")],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_compiler_that_takes_liberties_is_found(
    monkeypatch: pytest.MonkeyPatch, flags: set[str], fault: str, dtype: str
) -> None:
    probe = selfcheck.probe
    signature = next(types for types in probe.signatures if str(types[0].dtype) == dtype)
    loose = numba.njit(signature, fastmath=flags, error_model="numpy")(probe.py_func)
    monkeypatch.setattr(selfcheck, "probe", lambda x, out: (loose if x.dtype == dtype else probe)(x, out))
    found = selfcheck.faults()
    assert len(found) == 1
    assert fault in found[0]


@pytest.mark.parametrize(
    ("constant", "value", "fault"),
    [
        ("TABLES", "0" * 64, "tables made with integers"),
        ("KERNELS", "0" * 64, "kernels give other bits"),
        ("WEIGHTS", {**known_bits.WEIGHTS, "beatnet.bin": "0" * 64}, "beatnet.bin is not the file"),
        ("WEIGHTS", {**known_bits.WEIGHTS, "third.bin": "0" * 64}, "a file of weights is missing"),
    ],
)
def test_other_contents_are_found(
    monkeypatch: pytest.MonkeyPatch, constant: str, value: object, fault: str
) -> None:
    """As good as other contents here: other ones expected."""
    monkeypatch.setattr(known_bits, constant, value)
    found = selfcheck.faults()
    assert len(found) == 1
    assert fault in found[0]


def test_numpy_that_counts_otherwise_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "floor", np.trunc)
    assert any("does not count as it should" in fault for fault in selfcheck.faults())


def test_proving_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(known_bits, "KERNELS", "0" * 64)
    with pytest.raises(MissingError, match="self-check: kernels give other bits"):
        selfcheck.require()
    for command in (
        ["verify", str(GOLDEN / "steady")],
        ["replay", str(GOLDEN / "steady"), "--out", str(tmp_path)],
    ):
        assert main(command) == 3
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "kernels give other bits" in said
    assert list(tmp_path.iterdir()) == []


@X86
@pytest.mark.slow
def test_the_show_goes_on_and_says_so(tmp_path: Path, demo_pack: Path) -> None:
    """Every Python of the daemon loses subnormals, as with a careless library."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(FAST_MATH.format(word=FLUSHING), encoding="utf-8")
    env = {"PYTHONPATH": f"{site}:{os.environ.get('PYTHONPATH', '')}"}
    record = ("--record", str(tmp_path / "sessions"), "--pack", str(demo_pack))
    with RunningDaemon("--input", "demo", *record, "--duration", "4", env=env) as daemon:
        daemon.process.wait(30)
    assert any("subnormal numbers" in line and "not replay exactly" in line for line in daemon.lines)
    header = json.loads((Path(daemon.session) / "session.json").read_bytes())
    assert header["replayExact"] is False
    assert "subnormal numbers of single precision become zero" in header["inexact"]
    assert header["closed"]["samples"] > 48000
