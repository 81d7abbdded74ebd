"""Rows as the app's `scripts/headless-eval-coupled-pairs.mjs` writes them into `eval.jsonl`.

Same keys in the same order, one row for each pick that came on screen. The four that are null in the
app's own rows (`warpDiff`, `cxDiff`, `quality01`, `intensity01`) come from the pick record; where each
of the others comes from is in docs/file-formats.md.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from typing import Any, Final

from daemon.errors import SessionError
from daemon.pick_stream import Fate, FateBook, PickLine, pick_lines
from daemon.session import SessionReader

LUMA_MIN: Final = 0.06
LUMA_MAX: Final = 0.96
MOTION_MIN: Final = 1.5e-5
"""The app's defaults."""


class _OnScreen:
    """A pick that is shown, and what stages say meanwhile."""

    def __init__(self, fate: Fate, failures: int) -> None:
        self.fate = fate
        self.failures = failures  # of it, and of what was prepared before it and failed
        self.luma: list[float] = []
        self.motion: list[float] = []

    def report(self, record: dict[str, Any]) -> None:
        for name, values in (("luma01", self.luma), ("motion01", self.motion)):
            if isinstance(value := record.get(name), int | float):
                values.append(float(value))


def eval_rows(reader: SessionReader) -> Iterator[dict[str, Any]]:
    """One row for each pick that came on screen, once the next one replaces it.

    Raises:
        SessionError: a log was changed or cannot be read.
    """
    began, rate = began_ms(reader), reader.header.rate
    reports = (record for record in reader.checked("inputs") if record["type"] == "report")
    report = next(reports, None)
    book, shown, failures = FateBook(), None, 0
    for line in pick_lines(reader):
        if not isinstance(line, PickLine) and line.outcome == "failed":
            if shown is not None and line.seq == shown.fate.pick.seq:
                shown.failures += 1
            else:
                failures += 1
        fate = book.add(line)
        if fate is None or not fate.shown:
            continue
        while report is not None and report["sample"] < fate.moment:
            if shown is not None:
                shown.report(report)
            report = next(reports, None)
        if shown is not None:
            yield _row(shown, began, rate)
        shown, failures = _OnScreen(fate, failures), 0
    if shown is not None:
        while report is not None:
            shown.report(report)
            report = next(reports, None)
        yield _row(shown, began, rate)


def began_ms(reader: SessionReader) -> float:
    """Unix time in ms of sample 0 of the show; 0 for a replay, which has no wall clock."""
    header = reader.header
    if not header.started_at:
        return 0.0
    try:
        began = datetime.datetime.fromisoformat(header.started_at)
    except ValueError as error:
        raise SessionError(
            f"`startedAt` is no time ({header.started_at[:40]!r})",
            where=str(reader.folder / "session.json"),
            fix="restore the file",
        ) from error
    return began.timestamp() * 1000.0 - 1000.0 * reader.first / header.rate


def _row(shown: _OnScreen, began: float, rate: int) -> dict[str, Any]:
    pick = shown.fate.pick
    luma, motion = _mean(shown.luma), _mean(shown.motion)
    reasons = list(_reasons(shown.failures, luma, motion))
    peak_db = pick.snapshot.get("peakDb")
    ids = (*pick.preset_ids, None, None)
    return {
        "tMs": round(began + 1000.0 * shown.fate.moment / rate),
        "pack": pick.pack,
        "pair": pick.pair,
        "warpDiff": pick.warp_diff,
        "cxDiff": pick.cx_diff,
        "quality01": pick.quality01,
        "intensity01": pick.intensity01,
        "presetFgId": ids[0],
        "presetBgId": ids[1],
        "vizAvgLuma": luma,
        "vizAvgFrameDelta": motion,
        "pmAvgLumaFg": None,  # stages report the picture, not its layers
        "pmAvgLumaBg": None,
        "audioRms": pick.snapshot.get("rms01"),
        "audioPeak": None if peak_db is None else round(10.0 ** (peak_db / 20.0), 6),
        "pageErrorsSinceLast": shown.failures,
        "consoleErrorsSinceLast": 0,
        "okHeuristic": not reasons,
        "reasons": reasons,
    }


def _reasons(failures: int, luma: float | None, motion: float | None) -> Iterator[str]:
    """What is wrong with it, in the app's words and order."""
    if failures > 0:
        yield "pageerror"
    if luma is None:
        yield "no-luma"
    elif luma <= LUMA_MIN:
        yield "too-dark"
    elif luma >= LUMA_MAX:
        yield "too-bright"
    if motion is None:
        yield "no-motion-sample"
    elif motion < MOTION_MIN:
        yield "low-motion"


def _mean(values: list[float]) -> float | None:
    return round(math.fsum(values) / len(values), 6) if values else None
