"""Compares what two machines made of the same sessions (`daemon.bench.outputs`); see tools/arm.sh."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from daemon.bench.determinism import PARTS, differing, write_between
from daemon.fingerprint import code_sha256


def table(here: dict[str, Any], there: dict[str, Any]) -> str:
    """A row for each session, in Markdown."""
    truth = {one["session"]: one for one in here["outputs"]}
    lines = [f"| session | {' | '.join(PARTS)} |", f"|{'---|' * (1 + len(PARTS))}"]
    for one in there["outputs"]:
        right = truth[one["session"]]
        cells = ("same" if one[part] == right[part] else "**differs**" for part in PARTS)
        lines.append(f"| {one['session']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def described(told: dict[str, Any]) -> str:
    """A machine in words."""
    seen = told["conditions"]
    return (
        f"{seen['machine']}: Python {seen['python']}, numpy {seen['numpy']} "
        f"({' '.join(seen['numpyDispatch']) or 'baseline'}), numba {seen['numba']} "
        f"(target {seen['numbaCpu']}), {told['cpuSec']} s of CPU"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; exit code 1 when anything differs."""
    parser = argparse.ArgumentParser(prog="abroad", description=__doc__)
    parser.add_argument("here", type=Path)
    parser.add_argument("there", type=Path)
    parser.add_argument("--emulator", default="", help="what emulated the other machine")
    parser.add_argument("--docs", type=Path, metavar="FILE", help="write the table between its marks there")
    args = parser.parse_args(argv)
    here, there = (json.loads(path.read_text(encoding="utf-8")) for path in (args.here, args.there))
    found = differing(there["outputs"], {one["session"]: one for one in here["outputs"]})
    lines = [
        f"- here, {described(here)}",
        f"- there, {described(there)}" + (f"; {args.emulator}" if args.emulator else ""),
        f"- code `{code_sha256()[:16]}`, {time.strftime('%Y-%m-%d', time.gmtime())}",
        "",
        table(here, there),
    ]
    print("\n".join(lines))
    print("NOT the same on both" if found else "the same bytes on both")
    if args.docs:
        write_between(args.docs, "arm", "\n".join(lines))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
