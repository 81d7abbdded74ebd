"""What the engine does while it runs, and what its compiled kernels call: nothing of the world outside."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from objects import called

ROOT = Path(__file__).parents[1]
FOREIGN = re.compile(
    r"^(time|_?random|posix|os|_?io|_?socket|select|signal|secrets|_?ctypes|_thread\.start\w*)\b"
)
WATCHED = """
import json, sys
from pathlib import Path
from daemon import kernel_cache
kernel_cache.activate()
from daemon.engine import log_records
from daemon.replay import drive, engine_of
from daemon.session import SessionReader

reader = SessionReader(Path(sys.argv[1]))
inputs = reader.records("inputs")
blocks = [block for _, block in zip(range(int(sys.argv[2])), reader.audio())]
engine = engine_of(reader)
warm = engine_of(reader)
list(drive(warm, blocks, inputs))  # msgspec reads the annotations of a type when it first meets one
modules, audited, called, watching = set(sys.modules), set(), set(), False

def heard(event, arguments):
    if watching:
        audited.add(f"{event} {arguments[:1]}"[:200])

def profiled(frame, event, what):
    if event == "c_call":
        called.add(f"{what.__module__ or getattr(what.__self__, '__module__', '')}.{what.__qualname__}")

sys.addaudithook(heard)
hops = 0
if sys.argv[3] == "leak":  # to show that it would be seen
    def log_records(hop, told=log_records):
        import time
        open("/dev/null").close()
        time.time()
        return told(hop)
sys.setprofile(profiled)
watching = True
for hop in drive(engine, blocks, inputs):
    hops += 1
    for record in log_records(hop):
        pass
watching = False
sys.setprofile(None)
print(json.dumps([hops, sorted(audited), sorted(called), sorted(set(sys.modules) - modules)]))
"""


def watched(session: Path, how: str) -> tuple[int, list[str], list[str], list[str]]:
    """Replay in a process that writes down what the engine does: audit events, C functions, modules."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(session), "180", how],
        cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    hops, audited, called, modules = json.loads(done.stdout)
    return hops, audited, called, modules


def test_the_engine_opens_imports_and_asks_nothing() -> None:
    """Fifteen seconds with operator commands, acks, reports and a lost device."""
    hops, audited, called, modules = watched(ROOT / "tests" / "golden" / "device", "plain")
    assert hops > 2800
    assert modules == [], "the engine imports while it runs"
    assert audited == [], "the engine touches the world outside"
    assert [name for name in called if FOREIGN.match(name)] == []
    assert {"builtins.hash", "builtins.id", "builtins.open"}.isdisjoint(called)
    assert any("searchsorted" in name or "sha256" in name.lower() for name in called), "nothing was watched"


def test_what_it_opens_would_be_seen() -> None:
    _, audited, called, _ = watched(ROOT / "tests" / "golden" / "device", "leak")
    assert any(event.startswith("open ") for event in audited)
    assert "time.time" in called


LIBRARY = re.compile(
    r"(?:__)?(?:log|log2|log10|log1p|exp|exp2|exp10|expm1|pow|powi|sin|cos|tan|sincos|sinh|cosh|tanh|asin|acos|atan|"
    r"atan2|cbrt|hypot|fma|ldexp|fmod|erf|erfc|tgamma|lgamma|numba_\w*pow\w*)f?(?:_finite)?"
)
DIGITS = {"onset_features.describe: log10", "frames.normalise: log10"}
"""numba counts the digits of a shape with it, for the message of an error that never comes."""


def libraries(folder: Path, room: str) -> set[str]:
    """Which library functions the kernels of a room call, by a cache folder."""
    return {
        f"{path.name.partition('-')[0]}: {name}"
        for path in folder.glob(f"{room}_*/*.nbc")
        for name in called(path)
        if LIBRARY.fullmatch(name)
    }


def test_compiled_kernels_call_no_library() -> None:
    import dsp.analyzer  # noqa: F401 (compiles and caches them all)

    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    assert len(list(folder.glob("kernels_*/*.nbc"))) >= 20
    assert libraries(folder, "kernels") <= DIGITS


def test_a_library_call_would_be_found(tmp_path: Path) -> None:
    source = tmp_path / "kernels" / "kernel.py"
    source.parent.mkdir()
    source.write_text(
        "from math import tanh\nfrom numba import njit\n"
        "@njit('f8(f8, f8)', cache=True)\ndef bend(x, y):\n    return tanh(x) + x ** y\n",
        encoding="utf-8",
    )
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", "import kernel"], cwd=source.parent, env=env, check=True)
    assert libraries(tmp_path / "cache", "kernels") == {"kernel.bend: pow", "kernel.bend: tanh"}
