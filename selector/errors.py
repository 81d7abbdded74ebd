"""What can be wrong with the selector's inputs."""

from __future__ import annotations

from dsp.errors import AivjdError


class SelectorError(AivjdError, ValueError):
    """Base of what the selector refuses."""


class BadManifest(SelectorError):  # noqa: N818 (reads as what it is)
    """A manifest of a pack cannot be used."""


class BadCatalog(SelectorError):  # noqa: N818
    """A catalogue cannot be read, or holds nothing that could be shown."""


class BadRecord(SelectorError):  # noqa: N818
    """A line of a log is not what it should be."""
