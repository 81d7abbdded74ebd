"""What one replay of a session gives, as hashes, and under which conditions it was made.

``python -m daemon.bench.outputs SESSION... [--block N]... [--threads N]`` prints one JSON object. The
determinism matrix runs it under many conditions; `tools/arm.sh` runs it on another kind of processor.
"""

from __future__ import annotations

import argparse
import json
import locale
import os
import platform
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

from daemon import kernel_cache

kernel_cache.activate()

import msgspec  # noqa: E402
import numba  # noqa: E402
import numpy as np  # noqa: E402
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__  # noqa: E402

from daemon import engine_state  # noqa: E402
from daemon.engine import log_records  # noqa: E402
from daemon.replay import drive, engine_of  # noqa: E402
from daemon.session import SessionReader  # noqa: E402
from selector.canonical import HashChain, canonical  # noqa: E402


class Outputs(msgspec.Struct, frozen=True):
    """sha256 (hex) of all that a replay says.

    Attributes:
        picks: of the bytes of `picks.jsonl`.
        events: of the bytes of `events.jsonl`.
        snapshots: of every snapshot, one a hop, all bits of all reals.
        state: of the engine's whole state at the end.
    """

    picks: str
    events: str
    snapshots: str
    state: str


def outputs(reader: SessionReader, block: int | None = None) -> Outputs:
    """Replay a session, feeding blocks of `block` samples (None: as they are decoded).

    Raises:
        SessionError: it cannot be read.
    """
    engine = engine_of(reader)
    chain = HashChain(reader.first_prev("events"))
    picks, events, snapshots = sha256(), sha256(), sha256()
    encode = msgspec.msgpack.Encoder().encode  # a real is its eight bytes
    for hop in drive(engine, reader.audio(), reader.checked("inputs"), block=block):
        snapshots.update(encode(hop.snapshot))
        for log, record in log_records(hop):
            if log == "picks":
                picks.update(canonical(record) + b"\n")
            else:
                events.update(canonical(chain.seal(dict(record))) + b"\n")
    state = engine_state.sha256(engine_state.dump(engine))
    return Outputs(picks.hexdigest(), events.hexdigest(), snapshots.hexdigest(), state)


def conditions() -> dict[str, Any]:
    """Under which conditions this process runs, as the libraries themselves see it."""
    target = numba.core.registry.cpu_target.target_context.codegen().magic_tuple()
    return {
        "machine": platform.machine(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "numbaCpu": target[1],
        "numbaFeatures": sum(1 for word in str(target[2]).split(",") if word.startswith("+")),
        "numbaOpt": int(numba.config.OPT),
        "loopVectorize": int(numba.config.LOOP_VECTORIZE),
        "numbaThreads": int(numba.config.NUMBA_NUM_THREADS),
        "numpyDispatch": [name for name in __cpu_dispatch__ if __cpu_features__.get(name)],
        "decimalPoint": locale.localeconv()["decimal_point"],
        "timeZone": time.strftime("%Z %z"),
        "hash": hash("aivjd") & 0xFFFF,
        "optimise": sys.flags.optimize,
        "malloc": os.environ.get("PYTHONMALLOC", "default"),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Entry of a process of the matrix."""
    parser = argparse.ArgumentParser(prog="outputs", description=__doc__)
    parser.add_argument("sessions", type=Path, nargs="+", metavar="SESSION")
    parser.add_argument("--block", type=int, action="append", metavar="N", help="may be given again")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="so many engines at once")
    args = parser.parse_args(argv)
    # What Python leaves alone unless asked; C code of others may ask at any time.
    locale.setlocale(locale.LC_ALL, "")
    started = time.process_time()
    found: list[dict[str, Any]] = []
    for session in args.sessions:
        for block in args.block or [None]:
            many = _in_threads(session, block, args.threads) if args.threads else [_replayed(session, block)]
            found += [
                {"session": session.name, "block": block, **msgspec.structs.asdict(one)} for one in many
            ]
    cpu_s = round(time.process_time() - started, 2)
    print(json.dumps({"conditions": conditions(), "cpuSec": cpu_s, "outputs": found}))
    return 0


def _replayed(session: Path, block: int | None) -> Outputs:
    return outputs(SessionReader(session), block)


def _in_threads(session: Path, block: int | None, threads: int) -> list[Outputs]:
    """Engines at the same time in one process; kernels give the interpreter lock up."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda _: _replayed(session, block), range(threads)))


if __name__ == "__main__":
    sys.exit(main())
