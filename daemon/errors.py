"""Errors that tell the operator what to do.

::

    AivjdError (dsp.errors)    exit 2
    ├── SelectorError          manifests, catalogues, records (selector.errors)
    ├── ModelsError            packages, packs, presets offline (models.errors)
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

from dsp.errors import AivjdError

__all__ = ["AivjdError"]


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
