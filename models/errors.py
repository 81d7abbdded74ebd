"""Errors of the offline rooms."""

from __future__ import annotations

from dsp.errors import AivjdError


class ModelsError(AivjdError):
    """Base of every error of `models`."""


class MissingPackageError(ModelsError):
    """An optional Python package is not installed."""

    exit_code = 3


class MeasureError(ModelsError):
    """Presets cannot be measured here."""

    exit_code = 3


class PresetError(ModelsError):
    """A preset file cannot be used."""


class CodeError(ModelsError):
    """A preset's equations are not in their language."""


class PackError(ModelsError):
    """A pack, or what it is to be made of, is wrong."""


class GateError(ModelsError):
    """A learned score does not pass its gate: a finding, not a fault."""

    exit_code = 1


class TableError(ModelsError):
    """A table is not what it should be."""


class ShaderError(ModelsError):
    """A preset's shader cannot be converted."""


class ConverterError(ModelsError):
    """The shader converter is missing."""

    exit_code = 3


class EmbeddingError(ModelsError):
    """Vectors that cannot be used, or that are none."""
