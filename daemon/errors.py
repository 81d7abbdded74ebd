"""Errors that tell the operator what to do.

::

    AivjdError                 exit 2
    ├── UsageError             wrong argument on the command line
    ├── ConfigError            a key in config.toml
    ├── DeviceError            audio input (exit 3 when the machine has none)
    ├── ManifestError          a pack's manifest
    ├── PresetError            a preset file
    ├── SessionError           a recorded session that cannot be read
    ├── ProtocolError          a websocket or OSC message
    └── MissingError           something the machine lacks (exit 3)

Each is one clear sentence: what is wrong, where (file and key or line), what to do.
"""

from __future__ import annotations


class AivjdError(Exception):
    """Base of every error shown to a person.

    Args:
        what: what is wrong.
        where: file, key, line or address; empty when there is no such place.
        fix: what to do about it, as an imperative without full stop.
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


class UsageError(AivjdError):
    """Wrong argument on the command line."""


class ConfigError(AivjdError):
    """A key of the configuration is unknown, of the wrong type or out of range."""


class DeviceError(AivjdError):
    """An audio input cannot be found or opened."""


class ManifestError(AivjdError):
    """A manifest of a pack cannot be used."""


class PresetError(AivjdError):
    """A preset file is missing or cannot be used."""


class SessionError(AivjdError):
    """A session folder cannot be read."""


class ProtocolError(AivjdError):
    """A message from outside cannot be used."""


class MissingError(AivjdError):
    """Something the machine lacks."""

    exit_code = 3
