"""Scores a live tracker over a folder of clips, and one set of results against another.

A folder holds `NAME.flac` beside `NAME.json` (`models.music.clip.Truth`). Results are rows, one a clip:
`{"id": ..., "category": ..., column: number, ...}`; what a column means is written in `metrics`.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import msgspec
import numpy as np
import soundfile

from dsp.analyzer import Analyzer
from dsp.events import Beat, DspEvent, Onset, Tempo
from dsp.settings import DspSettings
from models.beatnet.metrics import Heard, score
from models.errors import ModelsError
from models.music.clip import Truth, random_for

Row = dict[str, Any]
Tracker = Callable[[Path], Sequence[Heard]]

COLUMNS = (
    *("F_live", "F_claim", "F25_live", "F_level", "CMLt", "AMLt", "tAcc1", "tAcc2", "F_down"),
    *("lock0_s", "relock_s", "F_breakdown", "false_per_min", "err_ms", "jitter_ms", "lag_ms", "lag95_ms"),
    *("ahead50", "On50_live", "On25_live", "on_lag_ms", "cpu", "rss_mb"),
)
MEDIANS = ("err_ms", "jitter_ms", "lag_ms", "lag95_ms", "on_lag_ms", "cpu", "rss_mb")
"""Columns of which a table gives the median over clips; of the others, the mean."""
SAME_HIT_S = 0.03
"""One hit sounds in several bands: within this time it counts once, as `aivjd analyze` prints it."""
BLOCK = 4096
RESAMPLES = 2000


class Difference(msgspec.Struct, frozen=True):
    """Mine minus theirs over the clips that both scored, with its paired bootstrap 95 % interval."""

    column: str
    clips: int
    mean: float
    low: float
    high: float

    @property
    def resolved(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0.0 or self.high < 0.0


def hear(audio: Path, settings: DspSettings) -> list[Heard]:
    """What our own analyser announces of an audio file, in this process, with its cost."""
    began = process_time()
    heard: list[Heard] = []
    with soundfile.SoundFile(audio) as file:
        rate, last_onset = file.samplerate, -file.samplerate
        analyzer = Analyzer(settings, rate)
        while len(block := file.read(BLOCK, dtype="int32", always_2d=True)):
            stereo = np.repeat(block, 2, axis=1) if file.channels == 1 else block[:, :2]
            for hop in analyzer.feed(np.ascontiguousarray(stereo >> 8)):
                for event in hop.events:
                    if isinstance(event, Onset):
                        if event.sample - last_onset <= SAME_HIT_S * rate:
                            continue
                        last_onset = event.sample
                    heard += _heard(event, rate)
    return [*heard, Heard(type="stats", cpu_s=process_time() - began)]


def _heard(event: DspEvent, rate: int) -> Iterator[Heard]:
    at, out = event.sample / rate, event.emitted / rate
    match event:
        case Beat():
            yield Heard(type="beat", time=at, emitted_at=out)
            if event.downbeat:
                yield Heard(type="downbeat", time=at, emitted_at=out)
        case Onset():
            yield Heard(type="onset", time=at, emitted_at=out)
        case Tempo():
            yield Heard(type="tempo", time=at, emitted_at=out, bpm=event.bpm)


def ask(audio: Path, command: str) -> list[Heard]:
    """What another tracker prints as JSON lines of a 16-bit WAV copy of an audio file.

    Args:
        audio: of any format.
        command: a command line; `{wav}` in it stands for the path of the copy.

    Raises:
        ModelsError: it cannot be run, fails, or prints something else.
    """
    with TemporaryDirectory() as folder:
        wav = Path(folder) / "clip.wav"
        samples, rate = soundfile.read(audio, dtype="int16")
        soundfile.write(wav, samples, rate, subtype="PCM_16")
        words = [word.replace("{wav}", str(wav)) for word in shlex.split(command)]
        try:
            done = subprocess.run(words, stdout=subprocess.PIPE, check=True)  # noqa: S603 (the caller's own)
        except (OSError, subprocess.CalledProcessError) as error:
            raise ModelsError(f"the tracker failed ({error})", where=command, fix="run it by hand") from error
    try:
        return [
            msgspec.json.decode(line, type=Heard) for line in done.stdout.splitlines() if line[:1] == b"{"
        ]
    except msgspec.DecodeError as error:
        raise ModelsError(
            f"not an event ({error})", where=command, fix="print one JSON event a line"
        ) from error


def score_clip(audio: Path, tracker: Tracker) -> Row:
    """The row of one clip, its truth lying beside its audio."""
    path = audio.with_suffix(".json")
    try:
        told = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        known = {name: value for name, value in told.items() if value is not None}
        truth = msgspec.convert(known, Truth)
    except (OSError, msgspec.DecodeError) as error:
        raise ModelsError(
            f"not the truth of a clip ({error})", where=str(path), fix="make the clips anew"
        ) from error
    try:
        heard = tracker(audio)
    except soundfile.LibsndfileError as error:
        raise ModelsError(
            f"the audio cannot be read ({error})", where=str(audio), fix="make the clips anew"
        ) from error
    return {"id": truth.id, "category": truth.category, **score(truth, heard)}


def score_folder(
    folder: Path,
    tracker: Tracker,
    *,
    processes: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> list[Row]:
    """Rows of all clips of a folder, by name.

    Args:
        folder: of `NAME.flac` and `NAME.json`.
        tracker: gives the events of an audio file; with several processes it must be picklable.
        processes: how many clips are scored at once; 1 stays in this process.
        progress: told how many of how many clips are done.

    Raises:
        ModelsError: there is no clip, or one of them cannot be used.
    """
    paths = sorted(folder.glob("*.flac"))
    if not paths:
        raise ModelsError("no clips here", where=str(folder), fix="name a folder of FLAC and JSON files")
    work = partial(score_clip, tracker=tracker)
    if processes == 1:
        return list(_counted(map(work, paths), len(paths), progress))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return list(_counted(pool.map(work, paths), len(paths), progress))


def _counted(rows: Iterator[Row], total: int, progress: Callable[[int, int], None] | None) -> Iterator[Row]:
    for done, row in enumerate(rows, 1):
        if progress:
            progress(done, total)
        yield row


def summary(rows: Sequence[Row], column: str) -> float | None:
    """Mean or median of a column over the clips that have it; None where none does."""
    values = [row[column] for row in rows if column in row]
    if not values:
        return None
    return float(np.median(values) if column in MEDIANS else np.mean(values))


def table(rows: Sequence[Row], columns: Sequence[str] = COLUMNS) -> Iterator[str]:
    """Lines of a Markdown table: all clips, then each category."""
    used = [column for column in columns if summary(rows, column) is not None]
    yield "| clips | n | " + " | ".join(used) + " |"
    yield "|---|" + "---|" * (len(used) + 1)
    groups = {"all": rows} | {
        name: [row for row in rows if row["category"] == name]
        for name in sorted({row["category"] for row in rows})
    }
    for name, group in groups.items():
        cells = [_cell(column, summary(group, column)) for column in used]
        yield f"| {name} | {len(group)} | " + " | ".join(cells) + " |"


def _cell(column: str, value: float | None) -> str:
    if value is None:
        return "-"
    if column == "cpu":
        return f"{value:.4f}"
    return f"{value:.1f}" if column.endswith(("_ms", "_s", "_min", "_mb")) else f"{value:.3f}"


def read_rows(path: Path) -> list[Row]:
    """Results written before.

    Raises:
        ModelsError: the file cannot be read or holds something else.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [{"id": row["id"], "category": row["category"], **row} for row in rows]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelsError(f"not a file of results ({error})", where=str(path), fix="write it anew") from error


def differences(
    mine: Sequence[Row], theirs: Sequence[Row], columns: Sequence[str] = COLUMNS
) -> Iterator[Difference]:
    """Paired differences of the means, each with its bootstrap interval (Efron 1979, percentile).

    Yields:
        One per column that both sets give for at least two clips.
    """
    other = {row["id"]: row for row in theirs}
    for column in columns:
        change = np.array(
            [
                row[column] - other[row["id"]][column]
                for row in mine
                if column in row and column in other.get(row["id"], ())
            ]
        )
        if len(change) < 2:
            continue
        draws = random_for(1, "bootstrap", column).integers(0, len(change), size=(RESAMPLES, len(change)))
        low, high = np.percentile(change[draws].mean(axis=1), (2.5, 97.5))
        yield Difference(column, len(change), float(change.mean()), float(low), float(high))
