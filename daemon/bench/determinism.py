"""The determinism matrix: the same sessions under many circumstances give the same bytes, or a row says not.

::

    python -m daemon.bench.determinism SESSION... [--quick] [--only WORD]... [--json FILE] [--docs FILE]

Each row is a process of its own (or several), so that nothing of one reaches another. Exit code 1 when any
byte differs. `make matrix` runs all rows and writes the table into docs/determinism.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from daemon.bench.circumstances import Row, command, environment, rows
from daemon.errors import UsageError
from daemon.fingerprint import ROOT, code_sha256, kernels_sha256

SCRATCH = ROOT / "build" / "determinism"
PARTS = ("picks", "events", "snapshots", "state")
EXCERPT_S = (50, 90)
PATIENCE_S = 1200.0
EVIDENCE = {
    "numba": ("numbaCpu", "numbaFeatures", "numbaOpt", "loopVectorize"),
    "numpy": ("numpyDispatch",),
    "threads": ("numbaThreads",),
    "place": ("decimalPoint", "timeZone"),
    "Python": ("hash", "optimise", "malloc"),
}
"""What the process itself saw of what was varied."""


class Result(msgspec.Struct, kw_only=True):
    """What a row gave.

    Attributes:
        group, name: of the row.
        said: outcome of every replay: session, block and the four hashes.
        evidence: what the process saw of what was varied.
        seconds: of CPU, replays alone.
        missing: why it was not run.
        failed: what it said at its end, where that was no result.
        differs: `session: parts` that are not those of the reference.
    """

    group: str
    name: str
    said: list[dict[str, Any]] = []
    evidence: str = ""
    seconds: float = 0.0
    missing: str = ""
    failed: str = ""
    differs: list[str] = []

    @property
    def good(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.failed and not self.differs


def run(
    wanted: Iterable[Row],
    sessions: list[Path],
    kernels: Path,
    told: Callable[[Result], None] = lambda _: None,
) -> list[Result]:
    """Run rows one after the other, the first of which is what the others are compared with."""
    results: list[Result] = []
    truth: dict[str, dict[str, Any]] = {}
    for row in wanted:
        result = _run(row, sessions, kernels)
        if not truth:
            truth = {one["session"]: one for one in result.said}
        result.differs = differing(result.said, truth)
        results.append(result)
        told(result)
    return results


def differing(said: list[dict[str, Any]], truth: dict[str, dict[str, Any]]) -> list[str]:
    """Which parts of which sessions are not as they should be."""
    found = []
    for one in said:
        parts = [part for part in PARTS if one[part] != truth[one["session"]][part]]
        if parts:
            found.append(f"{one['session']}: {', '.join(parts)}")
    return found


def _run(row: Row, sessions: list[Path], kernels: Path) -> Result:
    result = Result(group=row.group, name=row.name, missing=row.missing)
    if row.missing:
        return result
    with ThreadPoolExecutor(row.copies) as pool:
        for done in pool.map(lambda _: _process(row, sessions, kernels), range(row.copies)):
            if done.returncode:
                result.failed = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][
                    :300
                ]
                return result
            told = json.loads(done.stdout)
            result.said += told["outputs"]
            result.seconds += told["cpuSec"]
    seen = told["conditions"]
    result.evidence = ", ".join(f"{name} {_short(seen[name])}" for name in EVIDENCE.get(row.group, ()))
    expected = len(sessions) * row.copies
    if len(result.said) < expected:
        result.failed = f"{len(result.said)} replays instead of {expected}"
    return result


def _short(value: Any) -> str:
    return " ".join(value) or "none" if isinstance(value, list) else repr(value)


def _process(row: Row, sessions: list[Path], kernels: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (our own module, arguments from the table)
        command(row, sessions),
        env=environment(row, kernels),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def excerpt(folder: Path, between: tuple[int, int] = EXCERPT_S) -> Path:
    """A session of some seconds around the first drop of the demo track, with a few commands.

    The track is made by functions that differ between processors, so it is made once, and recorded.
    """
    from daemon.config import Config
    from daemon.demo_track import DemoTrack
    from daemon.engine import log_records
    from daemon.replay import drive, engine_of_header
    from daemon.session import SessionWriter, new_header
    from selector.catalog import Catalog, Pack, Row, Table

    pairs = [
        Row(ident=k, fg_url=f"/{k}-fg", bg_url=f"/{k}-bg", warp=k * 7919 % 997, cx=k * 104729 % 991)
        for k in range(60)
    ]
    catalog = Catalog([Pack("excerpt", Table("pair", "excerpt", pairs), Table("preset", "excerpt", ()))])
    rate = 48000
    first, end = (second * rate for second in between)
    music = DemoTrack(rate).block(first, end - first).astype(np.int32) << 8
    header = new_header(Config(), catalog, session="excerpt", seed=5, rate=rate, source={"name": "demo"})
    inputs = [
        {"type": "command", "sample": 256 * at, "verb": verb, "origin": "matrix", **more}
        for at, verb, more in (
            (3000, "next", {}),
            (4000, "hold", {"arg": True}),
            (5500, "hold", {"arg": False}),
        )
    ]
    writer = SessionWriter(folder / "excerpt", header)
    writer.audio(music)
    for hop in drive(engine_of_header(header, "excerpt"), [music], inputs):
        for applied in hop.applied:
            writer.input(applied)
        for log, record in log_records(hop):
            (writer.pick if log == "picks" else writer.event)(record)
    writer.close()
    return writer.folder


def table(results: list[Result]) -> str:
    """As a Markdown table."""
    lines = ["| varied | how | seen by the process | replays | bytes | CPU s |", "|---|---|---|---|---|---|"]
    for one in results:
        told = f"not run: {one.missing}" if one.missing else f"**{one.failed}**" if one.failed else "the same"
        if one.differs:
            told = f"**differ** in {'; '.join(sorted(set(one.differs)))}"
        if one.group == "reference":
            told = "the reference"
        cells = (one.group, one.name, one.evidence, str(len(one.said)), told, f"{one.seconds:.1f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def hashes(results: list[Result]) -> str:
    """The hashes of the reference, as a Markdown table."""
    lines = [f"| session | {' | '.join(PARTS)} |", f"|{'---|' * (1 + len(PARTS))}"]
    lines += [
        f"| {one['session']} | {' | '.join(f'`{one[part][:16]}`' for part in PARTS)} |"
        for one in results[0].said
    ]
    return "\n".join(lines)


def write_between(path: Path, mark: str, text: str) -> None:
    """Replace what stands between `<!-- MARK -->` and `<!-- end of MARK -->` in a document.

    Raises:
        UsageError: it has no such marks.
    """
    begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
    before, found, rest = path.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise UsageError(
            f"there is no place for it ({begin.strip()})", where=str(path), fix="put the marks back"
        )
    path.write_text(f"{before}{begin}{text}\n{end}{after}", encoding="utf-8")


def about() -> str:
    """What was run, on what: a sentence for the document."""
    from daemon.bench.outputs import conditions

    here = conditions()
    facts = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in facts if line.startswith("model name")]
    return (
        f"Python {here['python']}, numpy {here['numpy']}, numba {here['numba']} on {here['machine']} "
        f"({names[0] if names else 'unknown'}; numba target {here['numbaCpu']}; "
        f"numpy {' '.join(here['numpyDispatch']) or 'baseline'}); "
        f"code `{code_sha256()[:16]}`, {time.strftime('%Y-%m-%d', time.gmtime())}."
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the matrix."""
    parser = argparse.ArgumentParser(prog="determinism", description=__doc__.split("\n")[0])
    parser.add_argument("sessions", type=Path, nargs="+", metavar="SESSION")
    parser.add_argument("--quick", action="store_true", help="the rows that the tests run")
    parser.add_argument("--only", action="append", metavar="WORD", help="rows whose group or name has it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there")
    parser.add_argument("--docs", type=Path, metavar="FILE", help="write the table between its marks there")
    parser.add_argument(
        "--check", type=Path, metavar="FILE", help="hashes.json that the reference must agree with"
    )
    args = parser.parse_args(argv)
    wanted = [row for row in rows(SCRATCH) if row.group == "reference" or _asked_for(row, args)]
    with tempfile.TemporaryDirectory(prefix="aivjd-matrix-") as folder:
        sessions = [*args.sessions, excerpt(Path(folder))]
        results = run(wanted, sessions, SCRATCH / f"kernels-{kernels_sha256()[:16]}", _say)
    good = all(result.good for result in results)
    if args.check:
        told = json.loads(args.check.read_text(encoding="ascii"))
        off = differing([one for one in results[0].said if one["session"] in told], told)
        good = good and not off
        print(
            "\n".join([f"the reference is not {args.check}: {what}" for what in off]), end="\n" if off else ""
        )
    verdict = f"{sum(bool(r.said) for r in results)} rows, {sum(len(r.said) for r in results)} replays: " + (
        "the same bytes everywhere" if good else "NOT the same everywhere"
    )
    print(verdict)
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(msgspec.to_builtins(results), indent=1) + "\n", encoding="utf-8")
    if args.docs:
        write_between(
            args.docs,
            "matrix",
            f"{about()}\n{verdict[0].upper()}{verdict[1:]}.\n\n{table(results)}\n\n{hashes(results)}",
        )
    return 0 if good else 1


def _asked_for(row: Row, args: argparse.Namespace) -> bool:
    words = f"{row.group} {row.name}"
    return (row.quick or not args.quick) and (not args.only or any(word in words for word in args.only))


def _say(result: Result) -> None:
    state = "not run" if result.missing else "same" if result.good else "DIFFERS"
    why = result.missing or result.failed or "; ".join(result.differs)
    print(f"{state:8} {result.group:10} {result.name:34} {why or result.evidence}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
