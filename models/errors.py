"""Errors of the offline rooms, in the shape of the daemon's: what, where, what to do.

Nothing here may import `daemon`; the command line prints these as it prints its own.
"""

from __future__ import annotations


class ModelsError(Exception):
    """Base of every error of `models` that is shown to a person.

    Args:
        what: what is wrong.
        where: file, and key or line inside it; empty when there is no such place.
        fix: what to do about it, as an imperative without full stop.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what = what
        self.where = where
        self.fix = fix
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f"; {self.fix}" if self.fix else ""
        return f"{place}{self.what}{remedy}."


class PresetError(ModelsError):
    """A preset file cannot be used."""


class PackError(ModelsError):
    """A pack, or what it is to be made of, is wrong."""
