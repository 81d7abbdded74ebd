"""A playlist through the engine at full speed, and what came of it in figures.

One engine after the other, as when an engine goes on from another's state: what was shown in one track counts
as shown in the next. Nobody answers, so nothing fails; what might, the catalogue says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from daemon.ahead import ahead
from daemon.audio_file import AudioFile
from daemon.config import Config
from daemon.engine import Engine, Hop
from daemon.pick_stream import Line, typed
from daemon.rank_correlation import spearman
from daemon.replay import drive
from daemon.report.pick_rows import Row, rows_of
from daemon.report.statistics import Statistics
from daemon.session import Header, new_header
from selector.catalog import Catalog, Table
from selector.events import OutcomeLogged, PickLogged, ResumeState
from selector.fixedpoint import MICRO, MISSING

BINS: Final = 900  # at most, of the curve of intensity
SETTLED_S: Final = 0.5  # a drop is shown on its downbeat, its section is called just after it
RISKS: Final = 40  # named at most
_TOLD: Final = ("pack", "id", "reason", "section", "intensity")

Progress = Callable[[int], None]


class Rehearsal:
    """Plays tracks.

    Args:
        config: resolved.
        catalog: what can be picked.
        seed: of every draw.
    """

    def __init__(self, config: Config, catalog: Catalog, seed: int) -> None:
        self._config = config
        self._catalog = catalog
        self._seed = seed
        self._resume: ResumeState | None = None
        self._header: Header | None = None
        self._rows: list[Row] = []
        self._seconds = 0.0
        self._tracks: list[dict[str, Any]] = []
        self._sections: list[tuple[float, str]] = []
        self._curve: list[tuple[float, float]] = []

    def play(self, audio: AudioFile, progress: Progress | None = None) -> None:
        """One track, after those before."""
        self._header = self._header or new_header(
            self._config, self._catalog, session="rehearsal", seed=self._seed, rate=audio.rate, source={}
        )
        engine = Engine(self._config, self._catalog, seed=self._seed, rate=audio.rate, resume=self._resume)
        lines: list[Line] = []
        every = max(1, audio.rate // engine.hop // 4)
        for number, hop in enumerate(drive(engine, ahead(audio.blocks()), progress=progress)):
            lines += _logged(hop)
            if number % every == 0:
                self._look(hop, self._seconds)
        rows = list(rows_of(lines, audio.rate))
        for row in rows:
            for name in ("t", "on", "prepare", "planned"):
                row[name] = None if row[name] is None else row[name] + self._seconds
        self._rows += rows
        length = engine.position / audio.rate
        self._tracks.append(
            {"name": audio.path.name, "at": round(self._seconds, 3), "seconds": round(length, 3)}
        )
        self._seconds += length
        self._resume = engine.selector.resume_state()

    def _look(self, hop: Hop, offset: float) -> None:
        second = offset + hop.snapshot.time_sec
        self._curve.append((second, hop.snapshot.section_intensity01))
        if not self._sections or self._sections[-1][1] != hop.snapshot.section:
            self._sections.append((second, hop.snapshot.section))

    def figures(self) -> dict[str, Any]:
        """All of it, as JSON takes it."""
        assert self._header is not None
        statistics = Statistics(self._header)
        for row in self._rows:
            statistics.pick(row)
        for name, start, end in self._stretches():
            statistics.section(name, end - start)
        shown = [row for row in self._rows if row["shown"]]
        strengths = [self._strength(row) for row in shown]
        intensities = [row["intensity"] for row in shown]
        known = [(s, i) for s, i in zip(strengths, intensities, strict=True) if s is not None]
        minutes = [0] * max(1, int(self._seconds / 60.0) + 1)
        for row in shown:
            minutes[min(int(row["on"] / 60.0), len(minutes) - 1)] += 1
        return {
            "tracks": self._tracks,
            "seconds": round(self._seconds, 3),
            "seed": self._seed,
            "picksPerMinute": round(60.0 * len(shown) / self._seconds, 3) if self._seconds else None,
            "perMinute": minutes,
            "spearman": _told(spearman([s for s, _ in known], [i for _, i in known])),
            "bySection": self._by_section(shown, strengths),
            "risks": self._risks(shown),
            "statistics": statistics.result(self._seconds),
            "shown": [
                [
                    round(row["on"], 3),
                    row["pack"],
                    row["id"],
                    row["reason"],
                    row["section"],
                    row["intensity"],
                    s,
                ]
                for row, s in zip(shown, strengths, strict=True)
            ],
            "sections": [[name, round(start, 3), round(end, 3)] for name, start, end in self._stretches()],
            "curve": _thinned(self._curve),
        }

    def _stretches(self) -> list[tuple[str, float, float]]:
        ends = [start for start, _ in self._sections[1:]] + [self._seconds]
        return [(name, start, end) for (start, name), end in zip(self._sections, ends, strict=True)]

    def _table(self, row: Row) -> Table:
        return self._catalog.packs[row["pack"]].table(row["kind"])

    def _index(self, row: Row) -> int:
        ident = int(row["id"]) if row["kind"] == "pair" else row["id"]
        return self._table(row).index_of[ident]

    def _strength(self, row: Row) -> float | None:
        strength = int(self._table(row).strength[self._index(row)])
        return None if strength == MISSING else strength / MICRO

    def _by_section(self, shown: Sequence[Row], strengths: Sequence[float | None]) -> list[dict[str, Any]]:
        seconds: defaultdict[str, float] = defaultdict(float)
        for name, start, end in self._stretches():
            seconds[name] += end - start
        found = []
        for name, length in sorted(seconds.items(), key=lambda item: -item[1]):
            here = [
                (r, s)
                for r, s in zip(shown, strengths, strict=True)
                if self._section_at(r["on"] + SETTLED_S) == name
            ]
            ranks = [s for _, s in here if s is not None]
            found.append(
                {
                    "section": name,
                    "seconds": round(length, 1),
                    "picks": len(here),
                    "intensity": _mean([r["intensity"] for r, _ in here]),
                    "strength": _mean(ranks),
                }
            )
        return found

    def _section_at(self, second: float) -> str:
        stretches = self._stretches()
        return next((name for name, start, end in stretches if start <= second < end), stretches[-1][0])

    def _risks(self, shown: Sequence[Row]) -> dict[str, Any]:
        """What of the pack, and of what was shown, may fail or stay dark, as far as it was measured."""
        select = self._config.selector.select
        low, still = int(select.luma_min * MICRO), int(select.motion_min * MICRO)
        pool: defaultdict[str, int] = defaultdict(int)
        tables = {(row["pack"], row["kind"]) for row in shown}
        for pack, kind in sorted(tables):
            table = self._catalog.packs[pack].table(kind)
            for index in range(len(table)):
                for risk in _risks_of(table, index, low, still):
                    pool[risk] += 1
        times: defaultdict[tuple[str, str], int] = defaultdict(int)
        why: dict[tuple[str, str], list[str]] = {}
        for row in shown:
            what = (row["pack"], row["id"])
            times[what] += 1
            why[what] = _risks_of(self._table(row), self._index(row), low, still)
        risky = sorted((w for w in times if why[w]), key=lambda what: (-times[what], what))
        return {
            "pool": dict(sorted(pool.items())),
            "shown": [[*what, times[what], why[what]] for what in risky[:RISKS]],
            "showings": sum(times[what] for what in risky),
        }


def _logged(hop: Hop) -> Iterable[Line]:
    return (typed(e.record) for e in hop.decided if isinstance(e, PickLogged | OutcomeLogged))


def _risks_of(table: Table, index: int, low: int, still: int) -> list[str]:
    luma, motion = int(table.luma[index]), int(table.motion[index])
    found = {
        "failed when measured": bool(table.blocked[index]),
        "measured dark": bool(table.dark[index]),
        "never measured": luma == MISSING and motion == MISSING,
        "too dark": luma != MISSING and luma < low,
        "hardly moves": motion != MISSING and motion < still,
    }
    return [name for name, holds in found.items() if holds]


def _thinned(curve: Sequence[tuple[float, float]]) -> list[list[float]]:
    step = max(1, -(-len(curve) // BINS))
    pieces = (curve[at : at + step] for at in range(0, len(curve), step))
    return [[round(piece[0][0], 2), round(max(value for _, value in piece), 4)] for piece in pieces]


def _told(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None
