"""What a table holds: names and kinds of its columns, and a hash of them that every file carries.

A reader asks for the hash it was written against. So a table of other columns, or of columns that mean
something else since, is refused and not misread.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.packs.canonical import canonical_json, sha256_hex

KINDS = ("text", "whole", "real", "truth", "reals")
"""UTF-8, 64-bit integer, 64-bit float, boolean, list of 32-bit floats."""

ORIGIN = ("renderer", "rig", "stimulus")
"""Where a measurement comes from: renderer with its version; the rig's program (sha256) and sizes; name or
sha256 of the sound. Numbers of different origin differ by as much as presets do (luma of one preset in two
renderers: rank correlation 0.39), so they are never mixed."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: camelCase, as in the manifests.
        kind: one of `KINDS`.
        meaning: unit, range and definition; part of the hash: what means something else is another column.
    """

    name: str
    kind: str
    meaning: str


@dataclass(frozen=True)
class Schema:
    """A kind of table.

    Attributes:
        name: of the kind.
        key: columns that together tell rows apart; files are sorted by them.
        columns: all others, in order.
        measured: are its rows measurements? Then each has the columns `ORIGIN` besides.
    """

    name: str
    key: tuple[Column, ...]
    columns: tuple[Column, ...]
    measured: bool = False

    def __post_init__(self) -> None:
        names = [column.name for column in self.all_columns]
        kinds = {column.kind for column in self.all_columns}
        if len(set(names)) != len(names) or not kinds <= set(KINDS) or not self.key:
            raise ValueError(
                f"schema {self.name}: columns must be known kinds of different names, with a key"
            )

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """Key, origin and other columns, in the order of the file."""
        origin = tuple(Column(name, "text", "origin of the measurement") for name in ORIGIN)
        return (*self.key, *(origin if self.measured else ()), *self.columns)

    @property
    def sha256(self) -> str:
        """Hash of everything above."""
        columns = [[c.name, c.kind, c.meaning] for c in self.all_columns]
        key = [column.name for column in self.key]
        return sha256_hex(canonical_json({"name": self.name, "key": key, "columns": columns}))
