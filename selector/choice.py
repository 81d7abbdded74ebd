"""Which one: weighs a table under a mode and draws."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from selector import weights
from selector.catalog import Table
from selector.draw import STREAM_PICK, locate, mulhi, permutation, u64
from selector.fixedpoint import I64, to_micro
from selector.settings import Mode, SelectSettings

RUNNERS_UP: Final = 5


class Situation(Struct, frozen=True, kw_only=True):
    """All that a choice depends on besides the table.

    `shown` is the index of what is on screen (None: not of this table) and `shown_strength` its rank
    in micro-units (None: nothing is on screen); `recent` are indices, newest last, and end with
    what is on screen.
    """

    mode: Mode
    section: str
    intensity: int
    shown: int | None
    shown_strength: int | None
    recent: list[int]
    quarantined: list[int]
    banned: list[int]
    asked: int | None = None


class Choice(Struct, frozen=True):
    """The outcome of a draw. `factors` are micro-unit columns; `mode` is the one that was applied."""

    index: int
    mode: Mode
    fallback: str
    factors: dict[str, I64]
    weights: I64
    total: int
    draw: int

    @property
    def candidates(self) -> int:
        """How many had any weight."""
        return int(np.count_nonzero(self.weights))

    def factors_of(self, index: int) -> dict[str, int]:
        """Micro-units by name, of one entry."""
        return {name: int(column[index]) for name, column in self.factors.items()}

    def runners_up(self) -> list[int]:
        """The heaviest others, heaviest first, equals in the order of the table."""
        rest = self.weights.copy()
        rest[self.index] = 0
        found: list[int] = []
        for _ in range(RUNNERS_UP):
            best = int(np.argmax(rest))
            if rest[best] == 0:
                break
            found.append(best)
            rest[best] = 0
        return found


class Chooser:
    """Draws from tables; stateless but for the shuffle counters and a cached order.

    Args:
        settings: constants of the weights.
        seed: of the session.
        counters: how many turns of the shuffle each table has had, by `kind:pack`.
    """

    def __init__(self, settings: SelectSettings, seed: int, counters: dict[str, int] | None = None) -> None:
        self._settings = settings
        self._seed = seed
        self.counters = dict(counters or {})
        self._order: tuple[tuple[str, int], I64] | None = None

    def restock(self) -> None:
        """Tables have changed: an order of before is of no use any more."""
        self._order = None

    def choose(self, table: Table, situation: Situation, number: int) -> Choice | None:
        """Draw for pick `number`; None when the rules leave nothing.

        `weighted` without a single weight falls back to a uniform draw; what is on screen is then
        left out, and if that is all there is, the answer is None.
        """
        rules = {
            "blocked": weights.excluded(table, np.flatnonzero(table.blocked).tolist()),
            "quarantine": weights.excluded(table, situation.quarantined),
            "banned": weights.excluded(table, situation.banned),
        }
        mode, fallback = situation.mode, ""
        factors = self._factors(table, situation, rules)
        column = _weigh(table, factors)
        if not column.any() and situation.asked is None:
            mode, fallback = "random", "fallback:no-weight"
            factors = self._uniform(table, situation) | rules
            column = _weigh(table, factors)
        total = int(column.sum())
        if total == 0:
            return None
        draw = mulhi(u64(self._seed, STREAM_PICK, number), total)
        return Choice(locate(column, draw), mode, fallback, factors, column, total, draw)

    def _factors(self, table: Table, situation: Situation, rules: dict[str, I64]) -> dict[str, I64]:
        if situation.asked is not None:
            return {"asked": weights.only(table, situation.asked)} | rules
        match situation.mode:
            case "weighted":
                return self._weighted(table, situation) | rules
            case "random":
                return self._uniform(table, situation) | rules
            case "shuffle":
                turn = self._turn(table, situation, _weigh(table, rules) > 0)
                none = weights.excluded(table, list(range(len(table))))
                return {"turn": none if turn is None else weights.only(table, turn)} | rules
            case "public_v0":
                s = self._settings
                return {
                    "quality": weights.public_quality(table, s.public_gamma),
                    "explore": np.full(len(table), to_micro(s.public_explore), dtype=np.int64),
                    "dedup": weights.public_dedup(table, situation.recent, s),
                } | rules

    def _weighted(self, table: Table, situation: Situation) -> dict[str, I64]:
        s, section = self._settings, situation.section
        factors = {
            "match": weights.match(table, situation.intensity, s),
            "quality": weights.quality(table, s),
            "visible": weights.visible(table, section, s),
            "tooStrong": weights.too_strong(table, section, s),
            "measured": weights.measured(table, section, s),
            "variety": weights.variety(table, situation.shown_strength, s),
            "explore": np.full(len(table), to_micro(s.explore), dtype=np.int64),
            "repeat": weights.repeat(table, situation.recent, situation.shown, s),
        }
        if table.kind == "preset":
            factors["manifest"] = weights.manifest(table)
        return factors

    def _uniform(self, table: Table, situation: Situation) -> dict[str, I64]:
        """Uniform over everything but what is on screen."""
        return {"repeat": weights.excluded(table, [] if situation.shown is None else [situation.shown])}

    def _turn(self, table: Table, situation: Situation, allowed: npt.NDArray[np.bool_]) -> int | None:
        """Whose turn it is: the next of the cycle that is allowed and not on screen already."""
        n = len(table)
        name = f"{table.kind}:{table.pack}"
        for counter in range(self.counters.get(name, 0), self.counters.get(name, 0) + 2 * n):
            index = int(self._cycle(name, counter // n, n)[counter % n])
            if allowed[index] and index != situation.shown:
                self.counters[name] = counter + 1
                return index
        return None

    def _cycle(self, name: str, cycle: int, n: int) -> I64:
        if self._order is None or self._order[0] != (name, cycle):
            self._order = ((name, cycle), permutation(self._seed, cycle, n))
        return self._order[1]


def _weigh(table: Table, factors: dict[str, I64]) -> I64:
    return weights.combine(factors, np.full(len(table), weights.WEIGHT_ONE, dtype=np.int64))
