"""How well a live tracker heard one clip: the definitions behind every table of results.

A listener can only use what has been announced, so an event counts at its live time, the later of the time
it claims and the time at which it came out. F is `mir_eval.beat.f_measure`; CMLt and AMLt are its continuity
scores (Hainsworth 2004; Davies, Degara, Plumbley 2009). Seconds throughout; scores in 0..1 unless the name
carries a unit; a score that a clip cannot give is absent, not zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import mir_eval
import msgspec
import numpy as np
from numpy.typing import NDArray

from models.music.clip import Truth

Times = NDArray[np.float64]
Spans = Sequence[tuple[float, float]]
Scores = dict[str, float]

SKIP_S = 5.0
"""The start is judged by the time to lock, not by F (mir_eval's convention)."""
TOLERANCE_S, TIGHT_S = 0.07, 0.025
ONSET_S, ONSET_TIGHT_S = 0.05, 0.025
PAIRED_S = 0.1
"""How far an announced beat may be from a true one to say something about error and lag."""
AHEAD_S = 0.05
LOCK_BEATS, LOCK_MISSES, LOCK_EXTRAS = 8, 1, 2
NEVER_S = 30.0
"""Time to lock of a tracker that does not."""
TEMPO_TOLERANCE = 0.04
TEMPO_LEVELS = (1.0, 2.0, 3.0, 1 / 2, 1 / 3)
TEMPO_MEMORY = 8
"""Intervals from whose median a tempo is read where a tracker tells none."""
FEWEST_BEATS = 8


class Heard(msgspec.Struct, kw_only=True):
    """One event of a tracker, a line of `aivjd analyze --jsonl`.

    Attributes:
        type: `beat`, `downbeat`, `onset`, `tempo`, `stats`; others are passed over.
        time: audio time claimed.
        emitted_at: seconds of audio consumed when it came out.
        bpm: of a `tempo`.
        cpu_s: of the `stats`: CPU seconds of the whole clip.
        maxrss_mb: of the `stats`: largest resident memory; 0 where that is not known.
    """

    type: str
    time: float = 0.0
    emitted_at: float = 0.0
    bpm: float = 0.0
    cpu_s: float = 0.0
    maxrss_mb: float = 0.0


class _Events:
    """Events of one type in the order in which they became usable: live time and time of coming out."""

    def __init__(self, heard: Iterable[Heard], kind: str) -> None:
        mine = sorted((max(e.time, e.emitted_at), e.emitted_at, e.time) for e in heard if e.type == kind)
        table = np.array(mine, dtype=np.float64).reshape(-1, 3)
        self.live, self.emitted = table[:, 0], table[:, 1]
        self.claimed = np.sort(table[:, 2])


def score(truth: Truth, heard: Sequence[Heard]) -> Scores:
    """All scores of one clip.

    Args:
        truth: what is in the clip.
        heard: what the tracker put out, in any order.
    """
    beats = np.array(truth.beats, dtype=np.float64)
    told = _Events(heard, "beat")
    scores = _cost(truth, heard) | _false_beats(truth, told.live)
    if len(beats) >= FEWEST_BEATS:
        tempi = [(e.emitted_at, e.bpm) for e in heard if e.type == "tempo"]
        scores |= _beats(truth, beats, told)
        scores |= _timing(truth, beats, told)
        scores |= _locking(truth, beats, told.live)
        scores |= _tempo(truth, beats, sorted(tempi) or _tempi_of(told.live))
        scores |= _breakdown(truth, beats, told.live)
        scores |= _downbeats(truth, _Events(heard, "downbeat").live)
    return scores | _onsets(truth, _Events(heard, "onset"))


def f_measure(reference: Times, estimated: Times, tolerance: float) -> float:
    """F of ascending times within a tolerance; 0 where one side is empty."""
    if not len(reference) or not len(estimated):
        return 0.0
    return float(mir_eval.beat.f_measure(reference, estimated, f_measure_threshold=tolerance))


def levels(beats: Times) -> list[Times]:
    """The beats as another listener might tap them: as they are, double, half in both phases, off the beat,
    three times and a third.
    """
    steps = np.diff(beats)
    between = beats[:-1] + steps / 2
    triplets = (beats[:-1] + steps / 3, beats[:-1] + 2 * steps / 3)
    return [
        beats,
        np.sort(np.concatenate((beats, between))),
        beats[::2],
        beats[1::2],
        between,
        np.sort(np.concatenate((beats, *triplets))),
        beats[::3],
    ]


def _outside(times: Times, spans: Spans) -> NDArray[np.bool_]:
    keep = np.ones(len(times), dtype=np.bool_)
    for start, end in spans:
        keep &= (times < start) | (times >= end)
    return keep


def _judged(times: Times, mask: Spans, early: float = 0.0) -> Times:
    return times[(times >= SKIP_S - early) & _outside(times, mask)]


def _within(times: Times, span: tuple[float, float]) -> Times:
    return times[(times >= span[0]) & (times < span[1])]


def _cost(truth: Truth, heard: Sequence[Heard]) -> Scores:
    stats = [e for e in heard if e.type == "stats"]
    if not stats:
        return {}
    cost = {"cpu": stats[-1].cpu_s / truth.duration}
    return cost | ({"rss_mb": stats[-1].maxrss_mb} if stats[-1].maxrss_mb else {})


def _false_beats(truth: Truth, live: Times) -> Scores:
    seconds = sum(end - start for start, end in truth.silent)
    if seconds <= 0:
        return {}
    return {"false_per_min": 60.0 * sum(len(_within(live, span)) for span in truth.silent) / seconds}


def _beats(truth: Truth, beats: Times, told: _Events) -> Scores:
    early = TOLERANCE_S / 2
    reference = _judged(beats, truth.mask)
    live = _judged(told.live, truth.mask, early)
    if len(reference) < 3:
        return {}
    scores = {
        "F_live": f_measure(reference, live, TOLERANCE_S),
        "F_claim": f_measure(reference, _judged(told.claimed, truth.mask, early), TOLERANCE_S),
        "F25_live": f_measure(reference, live, TIGHT_S),
        "F_level": max(f_measure(_judged(v, truth.mask), live, TOLERANCE_S) for v in levels(beats)),
        "CMLt": 0.0,
        "AMLt": 0.0,
    }
    if len(live) > 2:
        _, scores["CMLt"], _, scores["AMLt"] = map(float, mir_eval.beat.continuity(reference, live))
    return scores


def _timing(truth: Truth, beats: Times, told: _Events) -> Scores:
    """Error (late is positive), jitter and lag of the beats that belong to a true one."""
    reference = _judged(beats, truth.mask)
    keep = (told.live >= SKIP_S - TOLERANCE_S / 2) & _outside(told.live, truth.mask)
    live, emitted = told.live[keep], told.emitted[keep]
    pairs = _nearest_pairs(reference, live)
    if len(pairs) < 5:
        return {}
    error = np.array([live[j] - reference[i] for i, j in pairs])
    lag = np.array([emitted[j] - reference[i] for i, j in pairs])
    return {
        "err_ms": 1e3 * float(np.median(error)),
        "jitter_ms": 1e3 * float(np.percentile(error, 90) - np.percentile(error, 10)),
        "lag_ms": 1e3 * float(np.median(lag)),
        "lag95_ms": 1e3 * float(np.percentile(lag, 95)),
        "ahead50": float(np.mean(lag <= -AHEAD_S)),
    }


def _nearest_pairs(reference: Times, estimated: Times) -> list[tuple[int, int]]:
    """One-to-one pairs within `PAIRED_S`, the closest first."""
    distance = np.abs(np.subtract.outer(reference, estimated))
    near = np.argwhere(distance <= PAIRED_S)
    order = np.argsort(distance[near[:, 0], near[:, 1]], kind="stable")
    taken: tuple[set[int], set[int]] = (set(), set())
    pairs = []
    for i, j in near[order].tolist():
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            pairs.append((i, j))
    return pairs


def _locking(truth: Truth, beats: Times, live: Times) -> Scores:
    """`lock0_s` from the first change (the start) on, `relock_s` the mean over those after it."""
    ends = [*truth.changes[1:], truth.duration]
    times = []
    for start, end in zip(truth.changes, ends, strict=True):
        between = _within(beats, (start - 0.02, end - 0.02))
        if len(between) >= FEWEST_BEATS:
            judged = between[_outside(between, truth.mask)]
            times.append((start, time_to_lock(judged, live, start)))
    scores: Scores = {}
    if first := [took for start, took in times if start == truth.changes[0]]:
        scores["lock0_s"] = first[0]
    if again := [took for start, took in times if start != truth.changes[0]]:
        scores["relock_s"] = float(np.mean(again))
    return scores


def time_to_lock(reference: Times, live: Times, start: float) -> float:
    """Seconds from `start` to the first of eight true beats, itself hit, of which at most one is missed and
    among which at most two beats too many fall; 30 where that never comes.
    """
    for first in range(len(reference) - LOCK_BEATS + 1):
        wanted = reference[first : first + LOCK_BEATS]
        near = live[(live >= wanted[0] - TOLERANCE_S) & (live <= wanted[-1] + TOLERANCE_S)]
        if not len(near) or np.min(np.abs(near - wanted[0])) > TOLERANCE_S:
            continue
        hits = len(mir_eval.util.match_events(wanted, near, TOLERANCE_S))
        if hits >= LOCK_BEATS - LOCK_MISSES and len(near) <= LOCK_BEATS + LOCK_EXTRAS:
            return min(float(wanted[0] - start), NEVER_S)
    return NEVER_S


def _tempi_of(live: Times) -> list[tuple[float, float]]:
    steps = np.diff(live)
    told = []
    for at in range(2, len(live)):
        step = float(np.median(steps[max(0, at - TEMPO_MEMORY) : at]))
        told.append((float(live[at]), 60.0 / step if step > 0 else 0.0))
    return told


def _tempo(truth: Truth, beats: Times, tempi: list[tuple[float, float]]) -> Scores:
    """Share of beats at which the tempo told last is right, and right up to a factor of 2 or 3."""
    when = np.array([at for at, _ in tempi], dtype=np.float64)
    bpm = 60.0 / np.diff(beats)
    asked = (beats[1:] >= SKIP_S) & _outside(beats[1:], truth.mask) & (bpm > 40) & (bpm < 260)
    if not asked.any():
        return {}
    right = []
    for at, true in zip(beats[1:][asked], bpm[asked], strict=True):
        known = int(np.searchsorted(when, at, side="right")) - 1
        ratio = tempi[known][1] / true if known >= 0 else 0.0
        right.append([abs(ratio / level - 1) <= TEMPO_TOLERANCE for level in TEMPO_LEVELS])
    table = np.array(right)
    return {"tAcc1": float(np.mean(table[:, 0])), "tAcc2": float(np.mean(table.any(axis=1)))}


def _breakdown(truth: Truth, beats: Times, live: Times) -> Scores:
    """F where the music goes on without drums: the sections of that name, else what the clip masks."""
    starts = [start for start, _ in truth.sections] + [truth.duration]
    spans = [
        (start, end)
        for (start, name), end in zip(truth.sections, starts[1:], strict=True)
        if name == "breakdown"
    ]
    if not spans and truth.category == "breakdown":
        spans = list(truth.mask[:1])
    reference = np.concatenate([_within(beats, span) for span in spans]) if spans else np.empty(0)
    if not len(reference):
        return {}
    inside = np.concatenate([_within(live, span) for span in spans])
    return {"F_breakdown": f_measure(reference, inside, TOLERANCE_S)}


def _downbeats(truth: Truth, live: Times) -> Scores:
    reference = _judged(np.array(truth.downbeats, dtype=np.float64), truth.mask)
    if not len(reference):
        return {}
    return {"F_down": f_measure(reference, _judged(live, truth.mask, TOLERANCE_S / 2), TOLERANCE_S)}


def _onsets(truth: Truth, told: _Events) -> Scores:
    """F of onsets of all classes; one beside a note with a slow attack is neither right nor wrong."""
    reference = np.array(truth.onsets, dtype=np.float64)
    if len(reference) <= 10:
        return {}
    soft = np.array(truth.onsets_dontcare, dtype=np.float64)
    scores: Scores = {}
    for name, tolerance in (("On50_live", ONSET_S), ("On25_live", ONSET_TIGHT_S)):
        pairs = mir_eval.util.match_events(reference, told.live, tolerance) if len(told.live) else []
        extra = np.delete(told.live, [j for _, j in pairs])
        if len(soft) and len(extra):
            extra = extra[np.min(np.abs(np.subtract.outer(extra, soft)), axis=1) > tolerance]
        scores[name] = 2 * len(pairs) / (2 * len(pairs) + len(extra) + len(reference) - len(pairs))
    came = np.sort(told.emitted)
    lag = [came[j] - reference[i] for i, j in _nearest_pairs(reference, came)]
    return scores | ({"on_lag_ms": 1e3 * float(np.median(lag))} if lag else {})
