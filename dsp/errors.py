"""The shape of every error that is shown to a person; it lies at the bottom, since all rooms use it."""

from __future__ import annotations


class AivjdError(Exception):
    """One clear sentence: what is wrong, where, what to do.

    Args:
        what: what is wrong.
        where: file, key, line or address; empty when there is no such place.
        fix: what to do about it, as an imperative without full stop.

    Attributes:
        exit_code: of the command that ends with it.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what = what
        self.where = where
        self.fix = fix
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f"; {self.fix}" if self.fix else ""
        return f"{place}{self.what}{remedy}."


class InputError(AivjdError, ValueError):
    """Samples or a rate that cannot be analysed."""


class SettingsError(AivjdError, ValueError):
    """Two settings contradict each other."""


class WeightsError(AivjdError, ValueError):
    """A file of network weights that is missing, damaged or made for other features."""
