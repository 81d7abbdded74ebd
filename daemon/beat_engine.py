"""Which beat engine is chosen, and what follows from it. Loads no kernels: the main process asks here too.

aubio is imported only where it is chosen. Its results are not the same bits on every machine; a session says
so in its header and at its start, and `aivjd verify` says it again.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from daemon.errors import MissingError
from dsp.settings import DspSettings

PACKAGE = "aubio-ledfx"


def import_aubio() -> Any:
    """The module `aubio`.

    Raises:
        MissingError: the package is not installed or does not load.
    """
    try:
        import aubio
    except ImportError as error:
        raise MissingError(
            f"the beat engine aubio cannot be loaded ({error})",
            where="dsp.beat_engine",
            fix='run `pip install "aivjd[aubio]"`, or set it to "internal"',
        ) from error
    return aubio


def aubio_name() -> str:
    """The installed aubio with its version, `aubio-ledfx 0.4.12`.

    Raises:
        MissingError: it is not installed or does not load.
    """
    module = import_aubio()
    try:
        return f"{PACKAGE} {version(PACKAGE)}"
    except PackageNotFoundError:
        return f"aubio {getattr(module, 'version', '')}".rstrip()


def engine_name(settings: DspSettings) -> str:
    """The beat engine, with its version where that is not ours.

    Raises:
        MissingError: it is not installed.
    """
    return aubio_name() if settings.beat_engine == "aubio" else "internal"


def replay_exact(settings: DspSettings) -> bool:
    """Whether every machine hears the same bits."""
    return settings.beat_engine == "internal"
