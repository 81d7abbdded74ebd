"""Which one: weighs a table under a mode and draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from dsp.snapshot import Section
from selector import style, weights
from selector.catalog import Catalog, Table
from selector.draw import STREAM_AUTHOR, STREAM_PICK, key, mulhi, permutation, splitmix64, u64
from selector.filter_settings import FilterSettings
from selector.fixedpoint import I64, MICRO, MISSING, to_micro
from selector.kin import KINDS, Aside, Ladders, kinship
from selector.settings import Mode, SelectSettings
from selector.strata import Strata, outcome
from selector.style import NONE

RUNNERS_UP: Final = 5


class Situation(Struct, frozen=True, kw_only=True):
    """All that a choice depends on besides the table.

    `shown` is the index of what is on screen (None: not of this table) and `shown_strength` its rank
    in micro-units (None: nothing is on screen); `recent` are indices, newest last, and end with
    what is on screen. `unshown` was chosen before a restart and is not to be chosen at once again.
    `rating` is what the operator likes, micro-units by index, 1/8 to 2.
    `style` and `band` are the numbers of those that are wanted (`selector.style`).
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
    style: int = NONE
    band: int = NONE


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


class Prepared(NamedTuple):
    """A table, and what is made of it once: what is set aside of it, ladders by mode, strata by profile.

    `silent` are factors that are 1 throughout, for the table tells nothing of them.
    """

    table: Table
    silent: frozenset[str]
    aside: Aside
    ladders: dict[Mode, Ladders]
    strata: dict[object, Strata]


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
        self._key = key(seed, STREAM_PICK)
        self._dials = weights.dials(settings)
        self._limits = weights.limits(settings)
        self._suits = style.suits(settings.style)
        # Sections of one profile like the same pictures.
        scene = settings.scene
        self._profile = {
            section: (section in weights.LOUD, scene.luma.get(section), scene.motion.get(section))
            for section in self._limits
        }
        self.counters = dict(counters or {})
        self._order: tuple[tuple[str, int], I64] | None = None
        self._prepared: dict[tuple[str, str], Prepared] = {}

    def restock(self, catalog: Catalog) -> None:
        """Tables are these from now on; do ahead, in 30 ms for 100,000 entries, what would delay a pick."""
        self._order = None
        self._prepared.clear()
        for pack in catalog.packs.values():
            for table in (pack.pairs, pack.presets):
                if len(table):
                    for section in self._limits:
                        self._strata_for(self._prepared_for(table), "weighted", section)
                    self._strata_for(self._prepared_for(table), "random", "calm")

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
        if (choice := self._by_the_same(table, situation, number)) is not None:
            return choice
        fallback, found = "", self.draw(table, situation, number)
        if found is None:
            fallback, situation = "fallback:no-weight", replace(situation, mode="random")
            found = self.draw(table, situation, number)
            if found is None:
                return None
        aside = self._prepared_for(table).aside
        indices = [found.chosen, *found.strata.others(aside, RUNNERS_UP)]
        entry, *others = self._entries(table, situation, found.strata, indices)
        left = found.strata.candidates - outcome(aside)[3]
        return Choice(entry, situation.mode, fallback, found.total, found.bits, left, tuple(others))

    def draw(self, table: Table, situation: Situation, number: int) -> Draw | None:
        """Draw for pick `number` from the whole table; None when nothing has any weight."""
        if len(table) == 0:
            return None
        strata, aside = self._set(table, situation)
        strata.draw(splitmix64(self._key, number), aside)
        chosen, total, bits, _ = outcome(aside)
        return None if total == 0 else Draw(chosen, total, bits, strata)

    def _set(self, table: Table, situation: Situation) -> tuple[Strata, Aside]:
        """The table set for the moment, with what rules and kinship set aside."""
        prepared = self._prepared_for(table)
        mode, s = situation.mode, self._settings
        ladders = prepared.ladders.get(mode)
        if ladders is None:
            ladders = prepared.ladders[mode] = _ladders(mode, len(table), s)
        shown = None if mode == "public_v0" else situation.shown
        excluded = situation.quarantined + situation.banned + situation.unshown
        rating = situation.rating if mode == "weighted" else {}
        prepared.aside.put(shown, situation.recent, excluded, ladders, rating)
        strata = self._strata_for(prepared, mode, situation.section)
        if mode == "weighted":
            dials = self._dials
            dials[0] = situation.intensity
            dials[1], dials[3] = self._limits[situation.section]
            dials[5] = MISSING if situation.shown_strength is None else situation.shown_strength
            dials[9], dials[10] = situation.style, situation.band
            strata.suit(dials, self._suits, s.sigma)
        else:
            strata.flatten(to_micro(s.public_explore) if mode == "public_v0" else 0)
        return strata, prepared.aside

    def strata(self, table: Table, situation: Situation) -> Strata:
        """The table, prepared and set for the moment."""
        return self._set(table, situation)[0]

    def _by_the_same(self, table: Table, situation: Situation, number: int) -> Choice | None:
        """By a chance, a draw among those of the author of what is on screen; None where there are none."""
        chance = to_micro(self._settings.style.same_author_chance)
        if situation.mode != "weighted" or situation.shown is None:
            return None
        if mulhi(u64(self._seed, STREAM_AUTHOR, number), MICRO) >= chance:
            return None
        strata, aside = self._set(table, situation)
        group = int(aside.kinship.kin[situation.shown, KINDS.index("author")])
        if group == aside.kinship.nobody:
            return None
        others = strata.draw_among(group, splitmix64(self._key, number), aside, RUNNERS_UP)
        chosen, total, bits, out = outcome(aside)
        if total == 0:
            return None
        entry, *rest = self._entries(table, situation, strata, [chosen, *others], {"sameAuthor": MICRO})
        left = aside.kinship.size(group) - out
        return Choice(entry, "weighted", "", total, bits, left, tuple(rest))

    def _prepared_for(self, table: Table) -> Prepared:
        key = (table.kind, table.pack)
        kept = self._prepared.get(key)
        if kept is None or kept.table is not table:
            kept = Prepared(table, _silent(table), Aside(kinship(table), len(table)), {}, {})
            self._prepared[key] = kept
        return kept

    def _strata_for(self, prepared: Prepared, mode: Mode, section: Section) -> Strata:
        profile: object = self._profile[section] if mode == "weighted" else mode
        kept = prepared.strata.get(profile)
        if kept is None:
            table = prepared.table
            columns = weights.Columns.of(table)
            worth, standing = self._lasting(table, columns, mode, section)
            kept = prepared.strata[profile] = Strata(
                table.strength,
                _product(worth, columns),
                _product(standing, columns),
                style.numbered(table.style, table.names["style"], style.STYLES),
                style.numbered(table.band, table.names["band"], style.BANDS),
            )
        return kept

    def _lasting(
        self, table: Table, columns: weights.Columns, mode: Mode, section: Section
    ) -> tuple[dict[str, I64], dict[str, I64]]:
        """Factors of worth and of standing, columns like those given."""
        s, worth = self._settings, {}
        loud = section in weights.LOUD
        standing = {"blocked": (1 - columns.blocked) * MICRO}
        if s.filter != FilterSettings():
            standing["filtered"] = weights.filtered(columns, table.kind, s.filter)
        if mode == "weighted":
            worth["quality"] = weights.quality(columns, s)
            worth["predQuality"] = weights.pred_quality(columns, s)
            worth["measured"] = weights.measured(columns, table.kind, loud, s)
            worth["scene"] = weights.scene(columns, table.kind, section, s.scene)
            if loud and weights.limited(s):
                worth["effect"] = weights.effect(columns, s)
            if table.kind == "preset":
                standing["manifest"] = weights.manifest(columns)
        elif mode == "public_v0":
            worth["quality"] = weights.public_quality(columns, s.public_gamma)
        return worth, standing

    def _entries(
        self,
        table: Table,
        situation: Situation,
        strata: Strata,
        indices: list[int],
        also: dict[str, int] | None = None,
    ) -> list[Entry]:
        """Entries with all their factors."""
        columns = weights.Columns.of(table).at(indices)
        worth, standing = self._lasting(table, columns, situation.mode, situation.section)
        lasting = {name: column.tolist() for name, column in (worth | standing).items()}
        prepared = self._prepared_for(table)
        aside, entries = prepared.aside, []
        for k, index in enumerate(indices):
            factors = {name: column[k] for name, column in lasting.items()}
            if situation.mode == "weighted":
                factors |= dict(zip(weights.FIT, strata.suiting(index), strict=True))
                factors |= {"explore": to_micro(self._settings.explore)} | aside.left(index)
            elif situation.mode == "public_v0":
                factors |= {"explore": to_micro(self._settings.public_explore), "dedup": aside.repeat(index)}
            else:
                factors["repeat"] = aside.repeat(index)
            factors |= {"quarantine": MICRO, "banned": MICRO} | (also or {})
            if situation.unshown:
                factors["unshown"] = MICRO
            if situation.mode == "weighted" and situation.rating:
                factors["rating"] = situation.rating.get(index, MICRO)
            factors = {name: factor for name, factor in factors.items() if name not in prepared.silent}
            entries.append(Entry(index, weights.combine(factors), factors))
        return entries

    def _only(self, table: Table, situation: Situation, number: int, why: str, index: int) -> Choice | None:
        """The one that is asked for, or whose turn it is, unless a rule excludes it."""
        factors = {
            why: MICRO,
            "blocked": MICRO * (1 - int(table.blocked[index])),
            "quarantine": 0 if index in situation.quarantined else MICRO,
            "banned": 0 if index in situation.banned else MICRO,
        }
        if situation.unshown:
            factors["unshown"] = 0 if index in situation.unshown else MICRO
        total = weights.combine(factors)
        if total == 0:
            return None
        draw = mulhi(splitmix64(self._key, number), total)
        return Choice(Entry(index, total, factors), situation.mode, "", total, draw, 1, ())

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


def _ladders(mode: Mode, size: int, settings: SelectSettings) -> Ladders:
    match mode:
        case "weighted":
            return Ladders.weighted(size, settings)
        case "public_v0":
            return Ladders.public(settings)
        case _:
            return Ladders.random()


def _silent(table: Table) -> frozenset[str]:
    columns = {
        "predQuality": (table.score,),
        "scene": (table.luma, table.motion),
        "style": (table.style,),
        "band": (table.band,),
    }
    return frozenset(name for name, of in columns.items() if not any((c != MISSING).any() for c in of))


def _product(factors: dict[str, I64], columns: weights.Columns) -> I64:
    """The product of columns, rounded down after each, in the order of `weights`."""
    result = np.full(len(columns.blocked), MICRO, dtype=np.int64)
    for name in (*weights.WORTH, *weights.STANDING):
        if name in factors:
            result = result * factors[name] // MICRO
    return result
