"""Writes a pack's folder so that a reader sees the old one or the new one, never half of one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from models.errors import PackError
from models.packs.formats import PROVENANCE_FILE


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write `files` (path inside the folder -> content) as `folder`, replacing what a build left there.

    Everything is written beside it first and then renamed into place.

    Raises:
        PackError: `folder` holds something that no build made, or cannot be written.
    """
    if folder.exists() and not _may_replace(folder):
        raise PackError(
            "this is not empty and no pack that was built here",
            where=str(folder),
            fix="name another folder, or remove it yourself",
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
            fresh, stale = Path(scratch) / "new", Path(scratch) / "old"
            for path, content in files.items():
                target = fresh / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            if folder.exists():
                folder.rename(stale)
            try:
                fresh.rename(folder)
            except OSError:
                if stale.exists():
                    shutil.move(stale, folder)
                raise
    except OSError as error:
        raise PackError(f"cannot be written ({error.strerror})", where=str(folder)) from error


def _may_replace(folder: Path) -> bool:
    return folder.is_dir() and ((folder / PROVENANCE_FILE).is_file() or not any(folder.iterdir()))
