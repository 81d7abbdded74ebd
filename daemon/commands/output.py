"""Files that commands write: whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.errors import UsageError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside `path` that takes its place when all went well, and is gone when not.

    Raises:
        UsageError: it cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        try:
            yield part
            part.replace(path)
        except OSError as error:
            raise UsageError(
                f"cannot be written ({error.strerror or error})", where=str(path), fix="name another file"
            ) from error
    finally:
        part.unlink(missing_ok=True)
