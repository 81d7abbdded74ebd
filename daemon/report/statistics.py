"""What the night was like in figures."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final

from daemon.session import Header

EDGES_S: Final = (4, 8, 12, 16, 24, 32, 48, 64)
"""Stays are counted between these; the last class has no end."""
LATE_MS: Final = 50.0
"""From here on somebody sees it, as the control page has it."""
MOST: Final = 12
APART: Final = (2, 5, 10, 20, 50, 100)
"""Picks from one showing to the next of the same are counted between these; 1 is at once again."""


class Statistics:
    """Learns pick by pick (rows of `pick_rows`, in order), and from states and sections."""

    def __init__(self, header: Header) -> None:
        self._sizes = _sizes(header.catalog)
        self._reasons: Counter[str] = Counter()
        self._times: Counter[tuple[str, str]] = Counter()
        self._seconds: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._titles: dict[tuple[str, str], tuple[str, str]] = {}
        self._kinds: set[tuple[str, str]] = set()
        self._sections: defaultdict[str, float] = defaultdict(float)
        self._flags: defaultdict[str, float] = defaultdict(float)
        self._dwell: list[float] = []
        self._place: dict[tuple[str, str], int] = {}
        self._apart: list[int] = []
        self._counts: Counter[str] = Counter()
        self._worst_late = 0.0
        self._on_screen: tuple[tuple[str, str], float] | None = None

    def pick(self, row: dict[str, Any]) -> None:
        """The next pick."""
        self._counts["picks"] += 1
        self._reasons[row["reason"]] += 1
        self._counts[{True: "shown", False: "skipped", None: "undecided"}[row["shown"]]] += 1
        said = {outcome["o"] for outcome in row["outcomes"]}
        late = max((float(outcome.get("late") or 0.0) for outcome in row["outcomes"]), default=0.0)
        self._counts["late"] += "late" in said or late >= LATE_MS
        self._counts["failed"] += "failed" in said
        self._counts["unanswered"] += row["shown"] is True and not said & {"shown", "failed"}
        self._worst_late = max(self._worst_late, late)
        if row["shown"]:
            self._kinds.add((row["pack"], row["kind"]))
            self._show(row)

    def _show(self, row: dict[str, Any]) -> None:
        what = (row["pack"], row["id"])
        self._leave(row["on"])
        self._on_screen = (what, row["on"])
        self._times[what] += 1
        self._counts["places"] += 1
        place = self._counts["places"]
        if what in self._place:
            self._apart.append(place - self._place[what])
        self._place[what] = place
        self._titles.setdefault(what, (row["title"], row["fg"]))

    def _leave(self, now: float) -> None:
        if self._on_screen is not None:
            what, since = self._on_screen
            stay = max(now - since, 0.0)
            self._dwell.append(stay)
            self._seconds[what] += stay

    def section(self, name: str, seconds: float) -> None:
        """So long it was this section."""
        self._sections[name] += seconds

    def state(self, state: dict[str, Any], seconds: float) -> None:
        """So long the flags were these."""
        self._flags["known"] += seconds
        for name in ("beat", "bar"):
            self._flags[name] += seconds if state[name] else 0.0
        self._flags["live"] += seconds if state["audio"] == "live" else 0.0

    def result(self, end: float) -> dict[str, Any]:
        """All figures; the session ends at this second. Shares lie in [0, 1], None where nothing is known."""
        self._leave(end)
        self._on_screen = None
        stays, apart = sorted(self._dwell), sorted(self._apart)
        shown = self._counts["shown"]
        entropy = -sum(n / shown * math.log2(n / shown) for n in self._times.values())
        pool = sum(self._sizes.get(kind, 0) for kind in self._kinds)
        return {
            **{name: self._counts[name] for name in ("picks", "shown", "skipped", "undecided")},
            **{name: self._counts[name] for name in ("late", "failed", "unanswered")},
            "worstLateMs": self._worst_late,
            "reasons": self._reasons.most_common(),
            "sections": [
                [name, round(seconds, 2)]
                for name, seconds in sorted(self._sections.items(), key=lambda item: -item[1])
            ],
            "dwell": {
                "edges": EDGES_S,
                "counts": _classes(stays, EDGES_S),
                "min": _rounded(stays[0] if stays else None),
                "median": _rounded(_median(stays)),
                "mean": _rounded(math.fsum(stays) / len(stays) if stays else None),
                "max": _rounded(stays[-1] if stays else None),
            },
            "repeats": {
                "edges": APART,
                "counts": _classes(apart, APART),
                "min": apart[0] if apart else None,
                "median": _median(apart),
            },
            "mostShown": [
                [*what, *self._titles[what], times, round(self._seconds[what], 2)]
                for what, times in sorted(
                    self._times.items(), key=lambda item: (-item[1], -self._seconds[item[0]], item[0])
                )[:MOST]
            ],
            "trustedBeat01": self._share("beat"),
            "trustedBar01": self._share("bar"),
            "live01": self._share("live"),
            "different": len(self._times),
            "pool": pool,
            "coverage01": round(min(len(self._times) / pool, 1.0), 6) if pool else None,
            "entropyBits": round(entropy + 0.0, 4),
            "entropyMostBits": round(math.log2(min(pool, shown)), 4) if pool and shown else None,
        }

    def _share(self, flag: str) -> float | None:
        known = self._flags["known"]
        return round(min(self._flags[flag] / known, 1.0), 6) if known > 0 else None


def _classes(values: Sequence[float], edges: Sequence[float]) -> list[int]:
    """How many lie below the first edge, between each two, and from the last one on."""
    counts = [0] * (len(edges) + 1)
    for value in values:
        counts[bisect_right(edges, value)] += 1
    return counts


def _median(ordered: Sequence[float]) -> float | None:
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _sizes(catalog: dict[str, Any]) -> dict[tuple[str, str], int]:
    """How much there is to choose from, by pack and kind; nothing where the catalogue is not one."""
    packs = catalog.get("packs")
    found: dict[tuple[str, str], int] = {}
    for pack, tables in packs.items() if isinstance(packs, dict) else ():
        for table, kind in (("pairs", "pair"), ("presets", "preset")):
            rows = tables.get(table) if isinstance(tables, dict) else None
            found[pack, kind] = len(rows) if isinstance(rows, list) else 0
    return found
