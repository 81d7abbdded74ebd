"""What can be wrong with the selector's inputs, in the shape of the shell's own errors."""

from __future__ import annotations


class SelectorError(ValueError):
    """One clear sentence: what is wrong, where (file and key), what to do.

    Args:
        what: what is wrong.
        where: file and key; empty when there is no such place.
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


class BadManifest(SelectorError):  # noqa: N818 (reads as what it is)
    """A manifest of a pack cannot be used."""


class BadCatalog(SelectorError):  # noqa: N818
    """A catalogue cannot be read, or holds nothing that could be shown."""


class BadRecord(SelectorError):  # noqa: N818
    """A line of a log is not what it should be."""
