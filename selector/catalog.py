"""What there is to show: packs as integer columns, ready for weighing.

Differences, qualities and measurements become micro-units at the door; standing within the pack is
an exact integer rank, because warp_diff runs from 0.001 to 0.13 in one pack and otherwise in the
next, so that no absolute threshold fits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from msgspec import Struct

from selector.canonical import canonical
from selector.errors import BadCatalog
from selector.fixedpoint import I64, MICRO, MISSING, clamp01, ranks_micro, to_micro
from selector.labels import author_of, family_of
from selector.manifests import (
    LibraryManifest,
    PairsManifest,
    QualityManifest,
    RunEntry,
    RunManifest,
    path_key,
)
from selector.settings import Kind
from selector.style_index import StyleEntry

FORMAT = 1
MOST_ENTRIES = 1_000_000
"""In a table: so many of the greatest weight there can be still fit 63 bits when summed (`strata`)."""

_COLUMNS = ("warp", "cx", "quality", "luma", "motion", "score", "dark", "blocked")
_NAMES = ("author", "family", "style", "band")


class Item(Struct, frozen=True):
    """Names one thing that can be shown. `ident` is the pair's number or the preset's id."""

    kind: Kind
    pack: str
    ident: int | str

    @property
    def key(self) -> str:
        """Text form, `<pack>:<ident>`."""
        return f"{self.pack}:{self.ident}"


class Row(Struct, frozen=True, kw_only=True):
    """One entry on its way into a table. Integers are micro-units or MISSING; flags are 0 or 1.

    `score` is the predicted quality of a preset (`predQualityScore`). `author`, `family` (near-duplicates
    share one), `style` (calm, groove, peak) and `band` (low, mid, high) are names, empty where unknown; of a
    pair, those of its foreground.
    """

    ident: int | str
    fg_url: str
    bg_url: str | None = None
    warp: int = MISSING
    cx: int = MISSING
    quality: int = MISSING
    luma: int = MISSING
    motion: int = MISSING
    score: int = MISSING
    dark: int = 0
    blocked: int = 0
    author: str = ""
    family: str = ""
    style: str = ""
    band: str = ""


class Table:
    """The pairs or the presets of one pack; columns are int64 arrays of shape (n,).

    `warp cx quality luma motion score` are micro-units or MISSING, `dark` and `blocked` are 0 or 1. `author
    family style band` number the names in `names[column]`, in order of first appearance, or are MISSING.
    """

    def __init__(self, kind: Kind, pack: str, rows: Iterable[Row]) -> None:
        self.kind = kind
        self.pack = pack
        self.rows = tuple(rows)
        if len(self.rows) > MOST_ENTRIES:
            raise BadCatalog(
                f"{len(self.rows)} {kind}s in one pack, at most {MOST_ENTRIES} can be drawn from",
                where=pack,
                fix="split the pack",
            )
        self.index_of = {row.ident: i for i, row in enumerate(self.rows)}
        if len(self.index_of) != len(self.rows):
            raise BadCatalog(f"an id occurs twice among the {kind}s", where=pack, fix="build the pack again")
        self.warp, self.cx, self.quality, self.luma, self.motion, self.score, self.dark, self.blocked = (
            np.array([getattr(row, name) for row in self.rows], dtype=np.int64) for name in _COLUMNS
        )
        self.names: dict[str, tuple[str, ...]] = {}
        self.author, self.family, self.style, self.band = (self._numbered(name) for name in _NAMES)

    def __len__(self) -> int:
        return len(self.rows)

    def _numbered(self, column: str) -> I64:
        numbers: dict[str, int] = {}
        for row in self.rows:
            if name := getattr(row, column):
                numbers.setdefault(name, len(numbers))
        self.names[column] = tuple(numbers)
        return np.array([numbers.get(getattr(row, column), MISSING) for row in self.rows], dtype=np.int64)

    def indices(self, items: Iterable[Item]) -> list[int]:
        """Indices of those of `items` that are in this table, in their order."""
        return [
            self.index_of[item.ident]
            for item in items
            if item.kind == self.kind and item.pack == self.pack and item.ident in self.index_of
        ]

    def item(self, index: int) -> Item:
        """The name of entry `index`."""
        return Item(self.kind, self.pack, self.rows[index].ident)

    def preset_ids(self, index: int) -> tuple[str, ...]:
        """Ids as the app writes them: `coupled:<pack>:<pair>:fg|bg`, or the preset's own."""
        ident = self.rows[index].ident
        if self.kind == "preset":
            return (str(ident),)
        return (f"coupled:{self.pack}:{ident}:fg", f"coupled:{self.pack}:{ident}:bg")

    @cached_property
    def strength(self) -> I64:
        """How strong an entry is among its pack: rank in [0, MICRO] or MISSING.

        For pairs the rank of the mean of the ranks of warp_diff and cx_diff (of the one there is,
        if one is missing); for presets the rank of measured motion.
        """
        if self.kind == "preset":
            return ranks_micro(self.motion)
        warp, cx = ranks_micro(self.warp), ranks_micro(self.cx)
        both = np.where(warp == MISSING, 2 * cx, np.where(cx == MISSING, 2 * warp, warp + cx))
        neither = (warp == MISSING) & (cx == MISSING)
        return ranks_micro(np.where(neither, MISSING, both))

    @cached_property
    def quality_rank(self) -> I64:
        """Rank of quality in [0, MICRO] or MISSING."""
        return ranks_micro(self.quality)

    @cached_property
    def luma_rank(self) -> I64:
        """Rank of measured luma in [0, MICRO] or MISSING."""
        return ranks_micro(self.luma)

    @cached_property
    def motion_rank(self) -> I64:
        """Rank of measured motion in [0, MICRO] or MISSING."""
        return ranks_micro(self.motion)

    @cached_property
    def quality_gap(self) -> I64:
        """How far quality lies below the best of the table, in micro-units, or MISSING."""
        known = self.quality != MISSING
        best = self.quality[known].max() if known.any() else MISSING
        return np.where(known, best - self.quality, MISSING)


class Pack(Struct, frozen=True):
    """A pack: its pairs and its presets; either table may be empty."""

    name: str
    pairs: Table
    presets: Table

    def table(self, kind: Kind) -> Table:
        """The table of that kind."""
        return self.pairs if kind == "pair" else self.presets


class Catalog:
    """All packs of a session. Raises `BadCatalog` when there is nothing in them."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        self.packs = {pack.name: pack for pack in sorted(packs, key=lambda p: p.name)}
        if not any(len(p.pairs) + len(p.presets) for p in self.packs.values()):
            raise BadCatalog("there is nothing to show", fix="give at least one pack with --pack DIR")

    def table_of(self, item: Item) -> Table:
        """The table that `item` names."""
        return self.packs[item.pack].table(item.kind)

    def find(self, item: Item) -> Row | None:
        """The entry that `item` names; None where no pack has it (any more)."""
        pack = self.packs.get(item.pack)
        table = None if pack is None else pack.table(item.kind)
        index = None if table is None else table.index_of.get(item.ident)
        return None if table is None or index is None else table.rows[index]

    def filled(self) -> list[str]:
        """Names of the packs that hold anything."""
        return [pack.name for pack in self.packs.values() if len(pack.pairs) or len(pack.presets)]

    def to_json(self) -> bytes:
        """Canonical JSON of all that deciding depends on."""
        packs = {
            pack.name: {"pairs": _plain(pack.pairs), "presets": _plain(pack.presets)}
            for pack in self.packs.values()
        }
        return canonical({"format": FORMAT, "packs": packs})

    @classmethod
    def from_json(cls, raw: bytes) -> Catalog:
        """The catalogue written by `to_json`. Raises `BadCatalog`."""
        try:
            top = json.loads(raw)
            if top["format"] != FORMAT:
                raise BadCatalog(f"format {top['format']!r} is unknown", fix="build the catalogue again")
            return cls(
                Pack(name, _table("pair", name, p["pairs"]), _table("preset", name, p["presets"]))
                for name, p in top["packs"].items()
            )
        except BadCatalog:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadCatalog(
                f"the catalogue cannot be read ({error})", fix="build it again from the packs"
            ) from error

    def warm(self) -> None:
        """Compute now what is otherwise computed when it is first needed: hash and ranks."""
        for pack in self.packs.values():
            for table in (pack.pairs, pack.presets):
                _ = table.strength, table.quality_rank, table.quality_gap, table.luma_rank, table.motion_rank
        _ = self.sha256

    @cached_property
    def sha256(self) -> str:
        """sha256 (hex) of `to_json()`."""
        return sha256(self.to_json()).hexdigest()


def build_pack(
    name: str,
    pairs: PairsManifest | None = None,
    quality: QualityManifest | None = None,
    library: LibraryManifest | None = None,
    run: RunManifest | None = None,
    styles: Mapping[str, StyleEntry] | None = None,
) -> Pack:
    """Join the manifests of one pack.

    Qualities count only if they were made for the same pack. Measurements are found by preset id,
    else by the end of the path (case-insensitive), else by a file name that is unique. Authors and
    families are those that labels tell, unless the style index knows better.
    """
    known_styles = styles or {}
    seen = _Measured(run.entries if run else ())
    qualities = quality.qualities if quality and pairs and quality.pack == pairs.pack else {}
    pair_rows = []
    for p in pairs.pairs if pairs else ():
        sides = [
            seen.find(f"coupled:{name}:{p.pair}:{s}", url) for s, url in (("fg", p.fg_url), ("bg", p.bg_url))
        ]
        known = [side for side in sides if side]
        pair_rows.append(
            Row(
                ident=p.pair,
                fg_url=p.fg_url,
                bg_url=p.bg_url,
                warp=_micro(p.warp_diff),
                cx=_micro(p.cx_diff),
                quality=_micro(qualities.get(p.pair)),
                luma=_greatest([e.luma01 for e in known]),
                motion=_greatest([e.motion for e in known]),
                dark=int(bool(known) and all(e.dark for e in known)),
                blocked=int(any(not e.ok or e.hard_failure for e in known)),
                **_manner(known_styles.get(f"coupled:{name}:{p.pair}:fg"), p.label),
            )
        )
    preset_rows = []
    for preset in library.presets if library else ():
        entry = seen.find(preset.preset_id, preset.rel_path)
        preset_rows.append(
            Row(
                ident=preset.preset_id,
                fg_url=preset.url,
                luma=_micro(entry.luma01) if entry else MISSING,
                motion=_micro(entry.motion) if entry else MISSING,
                dark=int(entry.dark) if entry else 0,
                blocked=int(not entry.ok or bool(entry.hard_failure)) if entry else 0,
                score=MISSING if preset.score is None else to_micro(clamp01(preset.score)),
                **_manner(known_styles.get(preset.preset_id), preset.label, preset.band),
            )
        )
    return Pack(name, Table("pair", name, pair_rows), Table("preset", name, preset_rows))


def _manner(entry: StyleEntry | None, label: str, band: str = "") -> dict[str, Any]:
    """Author, family, style and band."""
    return {
        "author": (entry.author if entry else "") or author_of(label),
        "family": family_of(label),
        "style": entry.style if entry else "",
        "band": (entry.band if entry else "") or band,
    }


def spread_warning(table: Table, quality_floor: float) -> str | None:
    """A sentence when raw quality hardly moves the draw (less than 1.5 to 1), else None."""
    known = table.quality[table.quality != MISSING]
    if known.size < 2:
        return None
    low, high = int(known.min()) / MICRO, int(known.max()) / MICRO
    span = 1.0 - quality_floor
    least = quality_floor + span * low
    if least <= 0.0 or (ratio := (quality_floor + span * high) / least) >= 1.5:
        return None
    return (
        f"Quality in pack '{table.pack}' runs from {low:.3f} to {high:.3f} only: the best {table.kind} is "
        f"drawn {ratio:.2f} times as often as the worst; set select.quality_scale = 'rank' to change that."
    )


class _Measured:
    """Finds measurements by id, path or unique file name."""

    def __init__(self, entries: tuple[RunEntry, ...]) -> None:
        self._by_id = {e.preset_id: e for e in entries}
        self._by_path = {path_key(e.rel_path): e for e in entries if e.rel_path}
        self._by_file: dict[str, RunEntry | None] = {}
        for path, entry in self._by_path.items():
            file = path.rpartition("/")[2]
            self._by_file[file] = None if file in self._by_file else entry

    def find(self, preset_id: str, path: str) -> RunEntry | None:
        if (entry := self._by_id.get(preset_id)) is not None:
            return entry
        if (entry := self._by_path.get(path_key(path))) is not None:
            return entry
        return self._by_file.get(path_key(path).rpartition("/")[2])


def _micro(value: float | None) -> int:
    return MISSING if value is None else to_micro(value)


def _greatest(values: list[float | None]) -> int:
    """Of what both layers show, the more: one bright or moving layer is enough to see."""
    return max((_micro(v) for v in values), default=MISSING)


def _plain(table: Table) -> list[dict[str, Any]]:
    return [
        {"id": row.ident, "fgUrl": row.fg_url, "bgUrl": row.bg_url}
        | {name: value for name in _COLUMNS if (value := getattr(row, name)) != MISSING}
        | {name: value for name in _NAMES if (value := getattr(row, name))}
        for row in table.rows
    ]


def _table(kind: Kind, pack: str, rows: list[dict[str, Any]]) -> Table:
    return Table(
        kind,
        pack,
        (
            Row(
                ident=row["id"],
                fg_url=row["fgUrl"],
                bg_url=row["bgUrl"],
                **{name: int(row[name]) for name in _COLUMNS if name in row},  # type: ignore[arg-type]
                **{name: str(row[name]) for name in _NAMES if name in row},  # type: ignore[arg-type]
            )
            for row in rows
        ),
    )
