"""How well the analyser names the sections of made music: confusions, drops, build-up progress.

    python -m models.beatnet.sections_eval FOLDER [--clips N]

`FOLDER` is one that `aivjd models make-music` made. Clips without sections (noise, speech) count as silence:
what is called a drop in them is a false one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, get_args

import msgspec
import numpy as np
import soundfile
from numpy.typing import NDArray

from dsp.analyzer import Analyzer, quantise
from dsp.settings import DspSettings
from dsp.snapshot import Section
from models.errors import ModelsError
from models.music.clip import Truth

SECTIONS: tuple[Section, ...] = get_args(Section)
EARLY_S, LATE_S = 0.3, 2.0
"""A drop announced within this of a true one has found it."""


class Track(NamedTuple):
    """What the analyser said of one clip, hop by hop.

    Attributes:
        seconds: float64[n], after each hop.
        said: int64[n], index into `SECTIONS`.
        buildup: float64[n], 0..1.
    """

    seconds: NDArray[np.float64]
    said: NDArray[np.int64]
    buildup: NDArray[np.float64]


class Result(NamedTuple):
    """Sums over clips.

    Attributes:
        seconds: float64[7, 7], time by true (row) and said (column) section.
        buildup: float64[7, 2], median and 90th percentile of `buildup01` in each true section.
        delays: of the drops that were found, seconds.
        missed: true drops that were not announced.
        false: drops announced where there is none.
        minutes: of audio.
    """

    seconds: NDArray[np.float64]
    buildup: NDArray[np.float64]
    delays: list[float]
    missed: int
    false: int
    minutes: float


def track(path: Path) -> Track:
    """Run the analyser over a sound file."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    results = Analyzer(DspSettings(), rate).feed(quantise(samples))
    snapshots = [result.snapshot for result in results]
    return Track(
        np.array([snapshot.time_sec for snapshot in snapshots]),
        np.array([SECTIONS.index(snapshot.section) for snapshot in snapshots]),
        np.array([snapshot.buildup01 for snapshot in snapshots]),
    )


def true_sections(truth: Truth, seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Index into `SECTIONS` at each time: silence before the first section and where nothing sounds."""
    names = ["silence", *(name for _, name in truth.sections)]
    index = np.searchsorted([start for start, _ in truth.sections], seconds, side="right")
    labels = np.array([SECTIONS.index(name) for name in names])[index]
    for start, end in truth.silent:
        labels[(seconds >= start) & (seconds < end)] = SECTIONS.index("silence")
    return labels


def evaluate(pairs: Iterable[tuple[Truth, Track]]) -> Result:
    """Compare what was said with the truth of each clip."""
    drop = SECTIONS.index("drop")
    confusion = np.zeros((len(SECTIONS), len(SECTIONS)))
    progress: list[list[NDArray[np.float64]]] = [[] for _ in SECTIONS]
    delays: list[float] = []
    missed = false = 0
    minutes = 0.0
    for truth, heard in pairs:
        labels = true_sections(truth, heard.seconds)
        np.add.at(confusion, (labels, heard.said), np.median(np.diff(heard.seconds)))
        for k, values in enumerate(progress):
            values.append(heard.buildup[labels == k])
        begins = np.flatnonzero((heard.said[1:] == drop) & (heard.said[:-1] != drop)) + 1
        announced = heard.seconds[begins].tolist()
        for start in (start for start, name in truth.sections if name == "drop"):
            near = [time for time in announced if start - EARLY_S <= time < start + LATE_S]
            if near:
                delays.append(near[0] - start)
                announced.remove(near[0])
            else:
                missed += 1
        false += len(announced)
        minutes += truth.duration / 60.0
    joined = [np.concatenate(values) if values else np.zeros(0) for values in progress]
    buildup = np.array([np.percentile(v, [50, 90]) if len(v) else [0.0, 0.0] for v in joined])
    return Result(confusion, buildup, delays, missed, false, minutes)


def report(result: Result) -> str:
    """The result as text for people."""
    short = [name[:9].rjust(10) for name in SECTIONS]
    lines = [
        "share of time in %, rows are the truth",
        " " * 10 + "".join(short) + "   seconds  build-up p50  p90",
    ]
    for name, row, (middle, high) in zip(SECTIONS, result.seconds, result.buildup, strict=True):
        if row.sum() > 0.0:
            shares = "".join(f"{100.0 * share:10.0f}" for share in row / row.sum())
            lines.append(f"{name:10}{shares}{row.sum():10.0f}{middle:14.2f}{high:5.2f}")
    found = len(result.delays)
    lines.append(
        f"drops: {found} of {found + result.missed} found, {result.false} false in {result.minutes:.0f} min"
    )
    if found:
        middle, late = np.percentile(result.delays, [50, 95])
        lines.append(f"delay of a drop: median {middle:.2f} s, 95 % within {late:.2f} s")
    return "\n".join(lines)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=None, help="the first so many clips alone")
    arguments = parser.parse_args()
    paths = sorted(arguments.folder.glob("*.flac"))[: arguments.clips]
    if not paths:
        raise ModelsError(
            "no clips", where=str(arguments.folder), fix="make some with `aivjd models make-music`"
        )
    decoder = msgspec.json.Decoder(Truth)
    pairs = ((decoder.decode(path.with_suffix(".json").read_bytes()), track(path)) for path in paths)
    sys.stdout.write(report(evaluate(pairs)) + "\n")


if __name__ == "__main__":
    main()
