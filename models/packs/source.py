"""The installed npm package that presets are taken from: its name, version, licence and files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.errors import PackError, PresetError
from models.measure.rig import Seen
from models.measure.table import key
from models.packs.butterchurn import Preset, read_preset
from models.packs.textures import missing_textures

PRESETS_FOLDER = "presets/converted"
LICENCE_FILE = "LICENSE"

Progress = Callable[[int, int, str], None]
"""Called with (steps done, steps in all, what is being done)."""


@dataclass(frozen=True)
class SourcePackage:
    """A package as its own files describe it. `folder` is where it is installed."""

    folder: Path
    name: str
    version: str
    licence: str
    licence_text: bytes

    @property
    def label(self) -> str:
        """Name and version, as a package manager writes them."""
        return f"{self.name}@{self.version}"


@dataclass(frozen=True)
class Scan:
    """What a package holds.

    Attributes:
        scanned: number of preset files.
        presets: the usable ones, by file name, each content once.
        refused: file name and reason of the others.
    """

    scanned: int
    presets: list[Preset]
    refused: list[tuple[str, str]]


def open_package(folder: Path) -> SourcePackage:
    """Read the package's description and licence.

    Raises:
        PackError: `folder` is no such package, or it comes without a licence.
    """
    remedy = "run `npm ci` in daemon/web, or name the package's folder with --from"
    try:
        about = json.loads((folder / "package.json").read_text(encoding="utf-8"))
        name, version, licence = (str(about[key]) for key in ("name", "version", "license"))
    except FileNotFoundError as error:
        raise PackError("there is no preset package here", where=str(folder), fix=remedy) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PackError(f"package.json cannot be used ({error})", where=str(folder), fix=remedy) from error
    try:
        licence_text = (folder / LICENCE_FILE).read_bytes()
    except OSError as error:
        raise PackError(
            "the package has no licence text, and its terms ask for one beside every copy",
            where=str(folder / LICENCE_FILE),
            fix="install the package as it was published",
        ) from error
    return SourcePackage(folder, name, version, licence, licence_text)


def scan(package: SourcePackage, table: Mapping[str, Seen], progress: Progress) -> Scan:
    """Read every preset of the package; unusable ones are set aside with the reason.

    Args:
        package: where the presets are.
        table: what measuring saw, by `measure.table.key`; presets with a fault are unusable.
        progress: called after each file.

    Raises:
        PackError: the package has no presets.
    """
    files = sorted((package.folder / PRESETS_FOLDER).glob("*.json"), key=lambda path: path.name)
    if not files:
        raise PackError(
            "the package holds no presets",
            where=str(package.folder / PRESETS_FOLDER),
            fix="install butterchurn-presets 3.0.0-beta.4, which has them as JSON with raw equations",
        )
    by_content: dict[str, Preset] = {}
    refused: list[tuple[str, str]] = []
    for index, (file_name, preset) in enumerate(_read(files, refused)):
        progress(index + 1, len(files), "reading presets")
        if preset is None:
            continue
        lacking = missing_textures(preset)
        if lacking:
            refused.append((file_name, f"uses textures that butterchurn has not: {', '.join(lacking)}"))
        elif (seen := table.get(key(preset))) and seen.fault:
            refused.append((file_name, f"seen to fail in butterchurn: {seen.fault}"))
        elif preset.content_id in by_content:
            refused.append((file_name, f"same content as {by_content[preset.content_id].name}"))
        else:
            by_content[preset.content_id] = preset
    return Scan(len(files), list(by_content.values()), refused)


def _read(files: list[Path], refused: list[tuple[str, str]]) -> Iterator[tuple[str, Preset | None]]:
    for path in files:
        try:
            yield path.name, read_preset(path)
        except PresetError as error:
            refused.append((path.name, error.what))
            yield path.name, None
