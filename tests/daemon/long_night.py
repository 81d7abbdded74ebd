"""A night of hours in seconds: its logs written as if it had been, its sound never made."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from recordings import HOP, RATE

from daemon.report.levels import CHUNK, FIELDS, Levels
from daemon.session import SessionReader, SessionWriter
from selector.canonical import HashChain


def snapshots(count: int, seed: int = 5) -> np.ndarray:
    """float32[count, fields] as music gives it at worst: every hop another value."""
    rng = np.random.default_rng(seed)
    low, high = np.array([[f.low, f.high] for f in FIELDS], np.float32).T
    return (low + (high - low) * rng.random((count, len(FIELDS)))).astype(np.float32)


def long_night(session: SessionReader, folder: Path, hours: float) -> SessionReader:
    """The logs of a night like one that was recorded, without its sound."""
    end = int(hours * 3600 * RATE)
    template = [r for r in session.records("picks") if r["type"] == "pick"]
    reader = SessionReader(session.folder)
    writer = SessionWriter(folder, msgspec.structs.replace(reader.header, closed=None), audio=False)
    chain, rng = HashChain(), np.random.default_rng(3)
    sample, seq = RATE, 0
    while sample < end:
        seq += 1
        pick = {n: v for n, v in template[seq % len(template)].items() if n not in ("prev", "hash")}
        pick |= {"seq": seq, "sample": sample, "prepareSample": sample, "activateSample": sample + RATE}
        pick |= {"pair": int(rng.integers(96)), "draw": int(rng.integers(1 << 40)), "timeSec": sample / RATE}
        pick["factors"] = {n: round(float(rng.random()), 6) for n in pick["factors"]}
        writer.pick(chain.seal(pick))
        outcome = {"type": "outcome", "v": 1, "seq": seq, "sample": sample + RATE}
        writer.pick(chain.seal({**outcome, "outcome": "activated", "activateSample": sample + RATE}))
        late = round(float(rng.random() * 60), 2)
        writer.pick(chain.seal({**outcome, "outcome": "shown", "ms": 40.0, "lateMs": late, "client": "left"}))
        sample += int((4 + 8 * rng.random()) * RATE)  # faster than any night
    for count in range(int(hours * 3600 * 2.2)):
        moment = int(count * RATE / 2.2 + rng.integers(400))
        beat = {"type": "beat", "sample": moment, "emitted": moment, "count": count, "barBeat": count % 4}
        beat |= {"barCount": count // 4, "tempoBpm": round(132 + float(rng.random()), 6), "trusted": True}
        writer.event({**beat, "downbeat": count % 4 == 0, "source": "audio"})
        if count % 40 == 0:
            names = {"section": ["groove", "drop", "breakdown"][count // 40 % 3], "previous": "groove"}
            writer.event({"type": "section", "sample": moment, "emitted": moment, **names})
    for second in range(0, int(hours * 3600), 2):
        fps = round(50 + 10 * float(rng.random()), 3)
        writer.input({"type": "report", "sample": second * RATE, "client": "left", "fps": fps})
    writer.close()
    return SessionReader(folder)


def long_levels(hours: float) -> Levels:
    """Noise in every field: what deflates worst."""
    made, hops = Levels(), int(hours * 3600 * RATE / HOP)
    for number in range(hops // CHUNK):
        made.extend(snapshots(CHUNK, number))
    return made
