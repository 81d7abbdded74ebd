"""How varied the show is: what of the pack has been on screen, how evenly, and how long ago.

Only watched and told; what keeps a show varied are the factors of `selector.weights`.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any

from daemon.metrics import Metrics
from selector.catalog import Catalog, Item, Row, Table

WINDOW = 256
"""Picks over which entropy and shares are told."""
LATELY = 12
"""Picks of which it is told how many are different."""
STARVED_ROUNDS = 5
"""So many picks for each entry of the pack, and an entry was not among them: drawn evenly, one of 148 is."""


class Variety:
    """Follows what comes on screen, pack by pack.

    Args:
        metrics: gauges are registered here.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._recent: deque[tuple[Item, Row]] = deque(maxlen=WINDOW)
        self._seen: dict[tuple[str, str], dict[int | str, tuple[int, float]]] = {}
        self._picks: Counter[tuple[str, str]] = Counter()
        self._state: dict[str, Any] = {"picks": 0}
        self._shares = metrics.gauge(
            "aivjd_variety_share",
            f"Share of the last {WINDOW} pictures, by author and by family.",
            ["of", "name"],
        )
        self._told: set[tuple[str, str]] = set()
        for name, help_text in {
            "entropy01": f"Entropy of the last {WINDOW} pictures; 1: as even as so many can be.",
            "different": f"How many of the last {LATELY} pictures are different.",
            "coverage01": "Share of the pack that has been on screen since the start.",
            "starved": f"Entries that {STARVED_ROUNDS} rounds of the pack went by without.",
            "unseenSec": "Longest time for which something that was shown has not been shown again.",
        }.items():
            snake = name.replace("01", "").replace("Sec", "_seconds")
            metrics.gauge(f"aivjd_variety_{snake}", help_text).follow(
                lambda name=name: self.state().get(name) or 0
            )

    def shown(self, prepare: Mapping[str, Any], catalog: Catalog, second: float) -> None:
        """Something came on screen.

        Args:
            prepare: of it, as it went to the browsers.
            catalog: that it is from.
            second: of the show.
        """
        ident = prepare["pair"] if prepare["kind"] == "pair" else prepare["presetIds"][0]
        item = Item(prepare["kind"], prepare["pack"], ident)
        row = catalog.find(item)
        if row is None:  # the packs have changed meanwhile
            return
        table = catalog.table_of(item)
        key = (item.kind, item.pack)
        self._picks[key] += 1
        seen = self._seen.setdefault(key, {})
        seen.pop(item.ident, None)  # so that what was shown longest ago stands first
        seen[item.ident] = self._picks[key], second
        self._recent.append((item, row))
        self._tell_shares()
        here = [shown for shown, _ in self._recent if (shown.kind, shown.pack) == key]
        self._state = {
            "picks": self._picks[key],
            "entropy01": round(entropy01(here, len(table)), 4),
            "different": len({*here[-LATELY:]}),
            "coverage01": round(sum(ident in table.index_of for ident in seen) / len(table), 4),
            "starved": self._starved(table, seen, self._picks[key]),
            "unseenSec": round(second - next(iter(seen.values()))[1], 1),
            "author": self._most("author"),
            "family": self._most("family"),
        }

    def state(self) -> dict[str, Any]:
        """As it was with the last picture, of the pack that this was from."""
        return self._state

    def _starved(self, table: Table, seen: Mapping[int | str, tuple[int, float]], picks: int) -> int:
        """How many entries have not been shown for so many rounds."""
        before = picks - STARVED_ROUNDS * len(table)
        if before < 0:
            return 0
        lately = sum(number > before for ident, (number, _) in seen.items() if ident in table.index_of)
        return len(table) - lately

    def _most(self, column: str) -> dict[str, Any] | None:
        """Whose share is greatest."""
        found = self._counted(column).most_common(1)
        return {"name": found[0][0], "share01": round(found[0][1] / len(self._recent), 4)} if found else None

    def _counted(self, column: str) -> Counter[str]:
        return Counter(name for _, row in self._recent if (name := getattr(row, column)))

    def _tell_shares(self) -> None:
        now = {
            (column, name): count / len(self._recent)
            for column in ("author", "family")
            for name, count in self._counted(column).items()
        }
        for of, name in self._told | now.keys():
            self._shares.set(now.get((of, name), 0.0), of=of, name=name)
        self._told |= now.keys()


def entropy01(items: Iterable[object], entries: int) -> float:
    """Shannon entropy of what was shown, as a share of what so many pictures of so many entries can have."""
    counts = Counter(items)
    total = sum(counts.values())
    most = math.log(min(total, entries)) if total and entries else 0.0
    if most <= 0.0:
        return 1.0
    return -sum(count / total * math.log(count / total) for count in counts.values()) / most
