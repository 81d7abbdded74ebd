"""Records the golden sessions anew, after it has shown which picks that changes.

::

    make golden                     what would change, pick by pick
    make golden GOLDEN_ARGS=--yes   the same, then put the new ones in place

A session whose logs come out the same is left alone, so that a change of code that changes no byte changes no
file; `--all` writes it anyway, under the hash of the code of today. What the self-check expects of weights,
tables and kernels (`daemon/known_bits.py`) is written anew, too.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from daemon import kernel_cache

kernel_cache.activate()

import msgspec  # noqa: E402
import numpy as np  # noqa: E402

from daemon import engine_state, known_bits, selfcheck  # noqa: E402
from daemon.bench.outputs import Outputs, outputs  # noqa: E402
from daemon.commands.diff import summary, table  # noqa: E402
from daemon.config import parse  # noqa: E402
from daemon.diff.compare import Tally, compare  # noqa: E402
from daemon.engine import log_records  # noqa: E402
from daemon.errors import AivjdError  # noqa: E402
from daemon.pick_stream import fates, pick_lines  # noqa: E402
from daemon.replay import engine_of_header  # noqa: E402
from daemon.session import LOGS, SessionReader, SessionWriter, new_header  # noqa: E402
from daemon.verify import verify  # noqa: E402
from tests.golden.catalogue import catalogue  # noqa: E402
from tests.golden.music import render  # noqa: E402
from tests.golden.scenes import SCENES, Audience, Scene  # noqa: E402

HERE = Path(__file__).parent
HASHES = "hashes.json"


def record(scene: Scene, folder: Path) -> SessionReader:
    """Record a scene as the daemon would, hop by hop, without its processes."""
    header = new_header(
        parse(scene.toml, source=scene.name),
        catalogue(),
        session=scene.name,
        seed=scene.seed,
        rate=scene.rate,
        source={"name": "golden", "what": scene.what},
        started_at="2026-01-01T00:00:00+00:00",
    )
    music = sound(scene)
    engine, audience = engine_of_header(header, scene.name), Audience(scene)
    keep = [int(second * scene.rate) for second in scene.states]
    writer = SessionWriter(folder, header)
    for start in range(0, len(music), engine.hop):
        block = music[start : start + engine.hop]
        writer.audio(block)
        for given in audience.due(engine.position):
            engine.accept(given)
        for hop in engine.feed(block):
            for applied in hop.applied:
                writer.input(applied)
            for log, line in log_records(hop):
                (writer.pick if log == "picks" else writer.event)(line)
            audience.hear(hop)
        if keep and engine.position >= keep[0]:
            keep.pop(0)
            writer.state(engine.position, engine_state.dump(engine))
    writer.close()
    return SessionReader(folder)


def sound(scene: Scene) -> np.ndarray:
    """Its samples, int32[n, 2]; zeros while the device is gone."""
    music = render(scene.rate, scene.parts, pan=scene.pan)
    if scene.gap:
        first, end = (int(second * scene.rate) for second in scene.gap)
        music[first:end] = 0
    return music


def same_logs(old: Path, new: Path) -> bool:
    """Whether all three logs, and the sound they name by its checksums, are the same bytes."""
    names = [f"{log}.jsonl" for log in LOGS]
    return all((old / n).is_file() and (old / n).read_bytes() == (new / n).read_bytes() for n in names)


def holds(folder: Path) -> bool:
    """Whether it verifies as it lies there."""
    try:
        return verify(SessionReader(folder)).identical
    except AivjdError:
        return False


def differences(old: Path, new: Path) -> Iterator[str]:
    """What becomes other, in words."""
    try:
        before, after = SessionReader(old), SessionReader(new)
        rates = before.header.rate, after.header.rate
        rows = list(compare(fates(pick_lines(before)), fates(pick_lines(after)), *rates))
    except AivjdError as error:
        yield f"  the old one cannot be compared: {error}"
        return
    tally = Tally()
    for row in rows:
        tally.add(row)
    yield from table(rows)
    yield from (f"  {line}" for line in summary(tally.totals()))
    if tally.totals().identical:
        names = [f"{log}.jsonl" for log in LOGS]
        other = [name for name in names if (old / name).read_bytes() != (new / name).read_bytes()]
        yield f"  but other bytes in {', '.join(other)}" if other else "  but it does not verify any more"


def main(argv: Sequence[str] | None = None) -> int:
    """Record, compare, and put in place if told so. Exit code 1: something differs and was left as it is."""
    parser = argparse.ArgumentParser(prog="make golden", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="of sessions; all of them by default")
    parser.add_argument("--yes", action="store_true", help="put the new sessions in place")
    parser.add_argument("--all", action="store_true", help="also those that come out the same")
    parser.add_argument("--into", type=Path, default=HERE, metavar="DIR", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    written: dict[str, Outputs] = {}
    left = 0
    with tempfile.TemporaryDirectory(prefix="aivjd-golden-") as drafts:
        for scene in SCENES:
            if args.names and scene.name not in args.names:
                continue
            old, new = args.into / scene.name, Path(drafts) / scene.name
            reader = record(scene, new)
            verdict = verify(reader)
            if not verdict.identical:
                print(f"{scene.name}: the new one does not verify ({verdict.where}: {verdict.message})")
                return 1
            written[scene.name] = outputs(reader)
            print(f"{scene.name}: {verdict.picks} picks and outcomes, {verdict.events} events, "
                  f"{verdict.inputs} inputs, {verdict.seconds:.1f} s")  # fmt: skip
            known = old.exists()
            same = known and same_logs(old, new) and holds(old)
            if same:
                print("  the same bytes as before")
            elif known:
                for line in differences(old, new):
                    print(line)
            else:
                print("  it is new")
            if same and not args.all:
                continue
            if args.yes:
                _put(new, old)
            left += not same and not args.yes
    left += _hashes(args.into / HASHES, written, args.yes)
    left += _known_bits(args.yes and args.into == HERE)
    if left:
        print("Nothing was written. If this is what you mean: make golden GOLDEN_ARGS=--yes")
    return 1 if left else 0


def _put(new: Path, old: Path) -> None:
    shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(new, old)
    print(f"  written to {old}")


def _hashes(path: Path, written: dict[str, Outputs], yes: bool) -> int:
    """The hashes of all outputs, for other processors; 1 when they should change and do not."""
    before = json.loads(path.read_text(encoding="ascii")) if path.exists() else {}
    after = {**before, **msgspec.to_builtins(written)}
    for name, now in after.items():
        other = [part for part in now if now[part] != before.get(name, {}).get(part)]
        if other:
            print(f"{HASHES}: {name} differs in {', '.join(other)}")
    if before != after and yes:
        path.write_text(json.dumps(after, indent=1) + "\n", encoding="ascii")
    return int(before != after and not yes)


def _known_bits(yes: bool) -> int:
    """What the self-check takes for right; 1 when that should change and does not."""
    here = {"tables": selfcheck.tables_sha256(), "kernels": selfcheck.kernels_sha256(), **selfcheck.weights()}
    told = {"tables": known_bits.TABLES, "kernels": known_bits.KERNELS, **known_bits.WEIGHTS}
    other = sorted(name for name in here.keys() | told.keys() if here.get(name) != told.get(name))
    if not other:
        return 0
    print(f"{Path(known_bits.__file__).name}: other {', '.join(other)}")
    if yes:
        selfcheck.write()
    return int(not yes)


if __name__ == "__main__":
    sys.exit(main())
