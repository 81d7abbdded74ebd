"""Writes a pack's folder so that a reader sees the old one or the new one, never half of one."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from models.errors import PackError
from models.packs.formats import PROVENANCE_FILE


class Staging:
    """A pack while it is made: a hidden folder beside its place, as a context manager.

    What was written stays there when the work is interrupted, so that `resume` can go on with it;
    `publish` renames it into place. Two processes cannot make one pack at the same time.

    Args:
        folder: where the pack is to be; what a build left there is replaced.
        resume: keep what an interrupted run wrote.

    Raises:
        PackError: `folder` holds something that no build made, is being made already, or cannot be written.
    """

    def __init__(self, folder: Path, *, resume: bool = False) -> None:
        if folder.exists() and not _may_replace(folder):
            raise PackError(
                "this is not empty and no pack that was built here",
                where=str(folder),
                fix="name another folder, or remove it yourself",
            )
        self.folder = folder
        self.place = folder.parent / f".{folder.name}.making"
        self._resume = resume

    def __enter__(self) -> Staging:
        try:
            self.place.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.place, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(self._lock)
                raise PackError("is being made already", where=str(self.folder), fix="wait for it") from error
            if not self._resume:
                for old in self.place.iterdir():
                    shutil.rmtree(old) if old.is_dir() else old.unlink()
        except OSError as error:
            raise PackError(f"cannot be written ({error.strerror})", where=str(self.folder)) from error
        return self

    def write(self, path: str, content: bytes) -> None:
        """Write one file, `path` inside the pack."""
        target = self.place / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        except OSError as error:
            raise PackError(f"cannot be written ({error.strerror})", where=str(self.folder)) from error

    def publish(self) -> None:
        """Put the pack in its place."""
        stale = self.folder.parent / f".{self.folder.name}.replaced"
        try:
            shutil.rmtree(stale, ignore_errors=True)
            if self.folder.exists():
                self.folder.rename(stale)
            try:
                self.place.rename(self.folder)
            except OSError:
                if stale.exists():
                    stale.rename(self.folder)
                raise
            shutil.rmtree(stale, ignore_errors=True)
        except OSError as error:
            raise PackError(f"cannot be written ({error.strerror})", where=str(self.folder)) from error

    def discard(self) -> None:
        """Remove what was written."""
        shutil.rmtree(self.place, ignore_errors=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._lock)


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write `files` (path inside the folder -> content) as `folder`, replacing what a build left there.

    Raises:
        PackError: `folder` holds something that no build made, or cannot be written.
    """
    with Staging(folder) as staging:
        try:
            for path, content in files.items():
                staging.write(path, content)
            staging.publish()
        except PackError:
            staging.discard()
            raise


def _may_replace(folder: Path) -> bool:
    return folder.is_dir() and ((folder / PROVENANCE_FILE).is_file() or not any(folder.iterdir()))
