"""Which one: weighs a table under a mode and draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from dsp.snapshot import Section
from selector import weights
from selector.catalog import Catalog, Table
from selector.draw import STREAM_PICK, mulhi, permutation, u64
from selector.filter_settings import FilterSettings
from selector.fixedpoint import I64, MICRO, to_micro
from selector.settings import Mode, SelectSettings
from selector.strata import Strata

RUNNERS_UP: Final = 5
_PROFILES: Final = ("quiet", "loud")

Rules = Mapping[str, Mapping[int, int]]
"""Factors (micro-units) by name and index, where they are not 1."""


class Situation(Struct, frozen=True, kw_only=True):
    """All that a choice depends on besides the table.

    `shown` is the index of what is on screen (None: not of this table) and `shown_strength` its rank
    in micro-units (None: nothing is on screen); `recent` are indices, newest last, and end with
    what is on screen. `unshown` was chosen before a restart and is not to be chosen at once again.
    `rating` is what the operator likes, micro-units by index, 1/8 to 2.
    """

    mode: Mode
    section: Section
    intensity: int
    shown: int | None
    shown_strength: int | None
    recent: list[int]
    quarantined: list[int]
    banned: list[int]
    rating: Mapping[int, int] = {}
    asked: int | None = None
    unshown: list[int] = []


class Entry(Struct, frozen=True):
    """One that could be shown: its index, its weight, and why that is so, in micro-units by name."""

    index: int
    weight: int
    factors: dict[str, int]


class Choice(Struct, frozen=True):
    """The outcome of a draw.

    `mode` is the one that was applied; `candidates` how many were not excluded for what they are;
    `runners_up` the heaviest others, heaviest first.
    """

    entry: Entry
    mode: Mode
    fallback: str
    total: int
    draw: int
    candidates: int
    runners_up: tuple[Entry, ...]

    @property
    def index(self) -> int:
        """Of what was chosen."""
        return self.entry.index


class Draw(NamedTuple):
    """A draw without its evidence: `bits` fell into the interval of entry `chosen`, out of `total`."""

    chosen: int
    total: int
    bits: int
    strata: Strata
    rules: Rules


class Chooser:
    """Draws from tables; stateless but for the shuffle counters and what is prepared once and kept.

    Args:
        settings: constants of the weights.
        seed: of the session.
        counters: how many turns of the shuffle each table has had, by `kind:pack`.
    """

    def __init__(self, settings: SelectSettings, seed: int, counters: dict[str, int] | None = None) -> None:
        self._settings = settings
        self._seed = seed
        self._dials = weights.dials(settings)
        self.counters = dict(counters or {})
        self._order: tuple[tuple[str, int], I64] | None = None
        self._prepared: dict[tuple[str, str, str], tuple[Table, Strata]] = {}

    def restock(self, catalog: Catalog) -> None:
        """Tables are these from now on; do ahead, in 30 ms for 100,000 entries, what would delay a pick."""
        self._order = None
        self._prepared.clear()
        for pack in catalog.packs.values():
            for table in (pack.pairs, pack.presets):
                if len(table):
                    for loud in (False, True):
                        self._prepared_for(table, "weighted", loud)
                    self._prepared_for(table, "random", False)

    def choose(self, table: Table, situation: Situation, number: int) -> Choice | None:
        """Draw for pick `number`, with the evidence; None when the rules leave nothing.

        `weighted` without a single weight falls back to a uniform draw; what is on screen is then
        left out, and if that is all there is, the answer is None.
        """
        if situation.asked is not None:
            return self._only(table, situation, number, "asked", situation.asked)
        if situation.mode == "shuffle":
            turn = self._turn(table, situation)
            return None if turn is None else self._only(table, situation, number, "turn", turn)
        fallback, found = "", self.draw(table, situation, number)
        if found is None:
            fallback, situation = "fallback:no-weight", replace(situation, mode="random")
            found = self.draw(table, situation, number)
            if found is None:
                return None
        entry, *others = (
            self._entry(table, situation, found, i)
            for i in (found.chosen, *found.strata.others(found.chosen, RUNNERS_UP))
        )
        left = self._left(found)
        return Choice(entry, situation.mode, fallback, found.total, found.bits, left, tuple(others))

    def draw(self, table: Table, situation: Situation, number: int) -> Draw | None:
        """Draw for pick `number` from the whole table; None when nothing has any weight."""
        if len(table) == 0:
            return None
        rules = self._rules(table, situation)
        strata = self.strata(table, situation)
        total = strata.weigh(_products(rules.values()))
        if total == 0:
            return None
        bits = mulhi(u64(self._seed, STREAM_PICK, number), total)
        return Draw(strata.locate(bits), total, bits, strata, rules)

    def strata(self, table: Table, situation: Situation) -> Strata:
        """The table, prepared and set for the moment."""
        s, mode = self._settings, situation.mode
        strata = self._prepared_for(table, mode, situation.section in weights.LOUD)
        if mode == "weighted":
            weights.dial(self._dials, situation.section, situation.intensity, situation.shown_strength, s)
            strata.suit(self._dials, s.sigma)
        else:
            strata.flatten(to_micro(s.public_explore) if mode == "public_v0" else 0)
        return strata

    def _prepared_for(self, table: Table, mode: Mode, loud: bool) -> Strata:
        key = (table.kind, table.pack, _PROFILES[loud] if mode == "weighted" else mode)
        kept = self._prepared.get(key)
        if kept is None or kept[0] is not table:
            columns = weights.Columns.of(table)
            worth, standing = self._lasting(table, columns, mode, loud)
            strata = Strata(
                table.strength, _product(worth.values(), columns), _product(standing.values(), columns)
            )
            kept = self._prepared[key] = table, strata
        return kept[1]

    def _lasting(
        self, table: Table, columns: weights.Columns, mode: Mode, loud: bool
    ) -> tuple[dict[str, I64], dict[str, I64]]:
        """Factors of worth and of standing, columns like those given."""
        s, worth = self._settings, {}
        standing = {"blocked": (1 - columns.blocked) * MICRO}
        if s.filter != FilterSettings():
            standing["filtered"] = weights.filtered(columns, table.kind, s.filter)
        if mode == "weighted":
            worth["quality"] = weights.quality(columns, s)
            worth["measured"] = weights.measured(columns, table.kind, loud, s)
            if loud and weights.limited(s):
                worth["effect"] = weights.effect(columns, s)
            if table.kind == "preset":
                standing["manifest"] = weights.manifest(columns)
        elif mode == "public_v0":
            worth["quality"] = weights.public_quality(columns, s.public_gamma)
        return worth, standing

    def _rules(self, table: Table, situation: Situation) -> dict[str, dict[int, int]]:
        """What singles entries out under this mode."""
        s, rules = self._settings, _exclusions(situation)
        match situation.mode:
            case "weighted":
                rules["repeat"] = weights.repeat(len(table), situation.recent, situation.shown, s)
                if situation.rating:
                    rules["rating"] = dict(situation.rating)
            case "public_v0":
                rules["dedup"] = weights.public_dedup(situation.recent, s)
            case _:
                rules["repeat"] = {} if situation.shown is None else {situation.shown: 0}
        return rules

    def _entry(self, table: Table, situation: Situation, found: Draw, index: int) -> Entry:
        """An entry with all its factors."""
        columns = weights.Columns.of(table).at(index)
        loud = situation.section in weights.LOUD
        worth, standing = self._lasting(table, columns, situation.mode, loud)
        factors = {name: int(column[0]) for name, column in (worth | standing).items()}
        if situation.mode == "weighted":
            factors |= dict(zip(weights.FIT, found.strata.suiting(index), strict=True))
            factors["explore"] = to_micro(self._settings.explore)
        elif situation.mode == "public_v0":
            factors["explore"] = to_micro(self._settings.public_explore)
        factors |= _at(found.rules, index)
        return Entry(index, weights.combine(factors), factors)

    def _only(self, table: Table, situation: Situation, number: int, why: str, index: int) -> Choice | None:
        """The one that is asked for, or whose turn it is, unless a rule excludes it."""
        factors = {why: MICRO, "blocked": MICRO * (1 - int(table.blocked[index]))}
        factors |= _at(_exclusions(situation), index)
        total = weights.combine(factors)
        if total == 0:
            return None
        draw = mulhi(u64(self._seed, STREAM_PICK, number), total)
        return Choice(Entry(index, total, factors), situation.mode, "", total, draw, 1, ())

    def _left(self, found: Draw) -> int:
        """How many are not excluded."""
        out = {i for of_name in found.rules.values() for i, share in of_name.items() if share == 0}
        return found.strata.candidates - len([i for i in sorted(out) if found.strata.stands(i)])

    def _turn(self, table: Table, situation: Situation) -> int | None:
        """Whose turn it is: the next of the cycle that is allowed and not on screen already."""
        n = len(table)
        excluded = {*situation.quarantined, *situation.banned, *situation.unshown}
        drawable = self._drawable(table)
        name = f"{table.kind}:{table.pack}"
        for counter in range(self.counters.get(name, 0), self.counters.get(name, 0) + 2 * n):
            index = int(self._cycle(name, counter // n, n)[counter % n])
            if index != situation.shown and index not in excluded and drawable[index]:
                self.counters[name] = counter + 1
                return index
        return None

    def _drawable(self, table: Table) -> NDArray[np.bool_]:
        """What neither its measuring nor a filter leaves out of every draw, bool[n]."""
        columns = weights.Columns.of(table)
        kept = weights.filtered(columns, table.kind, self._settings.filter) * (1 - columns.blocked)
        drawable: NDArray[np.bool_] = kept > 0
        return drawable

    def _cycle(self, name: str, cycle: int, n: int) -> I64:
        if self._order is None or self._order[0] != (name, cycle):
            self._order = ((name, cycle), permutation(self._seed, cycle, n))
        return self._order[1]


def _exclusions(situation: Situation) -> dict[str, dict[int, int]]:
    exclusions = {
        "quarantine": dict.fromkeys(situation.quarantined, 0),
        "banned": dict.fromkeys(situation.banned, 0),
    }
    return exclusions | ({"unshown": dict.fromkeys(situation.unshown, 0)} if situation.unshown else {})


def _at(rules: Rules, index: int) -> dict[str, int]:
    return {name: of_name.get(index, MICRO) for name, of_name in rules.items()}


def _product(factors: Iterable[I64], columns: weights.Columns) -> I64:
    result = np.full(len(columns.blocked), MICRO, dtype=np.int64)
    for factor in factors:
        result = result * factor // MICRO
    return result


def _products(rules: Iterable[Mapping[int, int]]) -> dict[int, int]:
    """The product of the rules, by index."""
    result: dict[int, int] = {}
    for of_name in rules:
        for index, share in of_name.items():
            result[index] = result.get(index, MICRO) * share // MICRO
    return result
