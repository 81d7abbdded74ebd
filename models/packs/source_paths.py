"""Where a file lies that a manifest names by the path it had on another machine.

The app's manifests hold WSL paths (`/mnt/d/aidata/pack/fg/x.milk`) or Windows paths (with a drive and
backslashes). They are looked for where a path map says, where WSL mounts drives, as they are, and inside the
folder that the manifest lies in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import PackError

_DRIVE = re.compile(r"([A-Za-z]):/")
_WSL = re.compile(r"/mnt/([A-Za-z])/")


@dataclass(frozen=True)
class PathMap:
    """Paths that begin with `start`, in any spelling of drives, lie below `folder`."""

    start: str
    folder: Path

    @classmethod
    def parse(cls, text: str) -> PathMap:
        """From `D:/aidata=/srv/aidata`.

        Raises:
            PackError: there is no = in it, or nothing on one side of it.
        """
        start, equals, folder = text.partition("=")
        if not equals or not start or not folder:
            raise PackError(f"{text!r} is no path map", fix="write it as D:/aidata=/srv/aidata")
        return cls(plain(start).rstrip("/"), Path(folder))


def plain(path: str) -> str:
    """`path` with forward slashes, its drive as WSL mounts it (`/mnt/d/...`)."""
    slashes = path.strip().replace("\\", "/")
    slashes = _DRIVE.sub(lambda m: f"/mnt/{m[1].lower()}/", slashes, count=1)
    return _WSL.sub(lambda m: f"/mnt/{m[1].lower()}/", slashes, count=1)


def inside(path: str, pack: str, side: str) -> str:
    """The path inside the pack: what follows the first `/<pack>/`, else `<side>/<file name>`."""
    slashes = plain(path)
    at = slashes.lower().find(f"/{pack.lower()}/")
    rest = slashes[at + len(pack) + 2 :] if at >= 0 else ""
    segments = rest.split("/")
    if not rest or any(segment in ("", ".", "..") for segment in segments):
        return f"{side}/{slashes.rsplit('/', 1)[-1]}"
    return rest


def locate(path: str, source: Path, pack: str, side: str, maps: Sequence[PathMap]) -> Path:
    """The file that `path` names: the first place where there is one, else where it should have been."""
    places = list(_places(path, source, pack, side, maps))
    return next((place for place in places if place.is_file()), places[-1])


def _places(path: str, source: Path, pack: str, side: str, maps: Sequence[PathMap]) -> Iterator[Path]:
    slashes = plain(path)
    for mapped in maps:
        if slashes.lower().startswith(f"{mapped.start.lower()}/"):
            yield mapped.folder / slashes[len(mapped.start) + 1 :]
    if slashes.startswith("/"):
        yield Path(slashes)
    yield source / inside(path, pack, side)
