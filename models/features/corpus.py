"""A folder of presets as a corpus: each content once, under every name that it was found by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from models.errors import PresetError
from models.features.program import Program, of_json, of_milk
from models.milk.identity import content_id
from models.milk.reader import read_milk
from models.packs.butterchurn import read_preset

SUFFIXES = (".milk", ".json")


@dataclass
class Corpus:
    """What a folder holds.

    Attributes:
        files: the first file, by path, of each content id; ids in rising order.
        names: all file names (without extension) of each content id.
        refused: path and reason of what is no preset.
    """

    files: dict[str, Path] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)
    refused: list[tuple[Path, str]] = field(default_factory=list)

    def programs(self) -> Iterator[tuple[str, Program]]:
        """Id and program of each preset, read anew: a library need not fit into memory."""
        for name, path in self.files.items():
            yield name, _read(path)[1]


def open_corpus(folder: Path) -> Corpus:
    """Look through `folder` and the folders in it.

    Raises:
        PresetError: there is not one preset in it.
    """
    corpus = Corpus()
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            continue
        try:
            name, _ = _read(path)
        except PresetError as error:
            corpus.refused.append((path, error.what))
            continue
        found.setdefault(name, path)
        corpus.names.setdefault(name, []).append(path.stem)
    if not found:
        raise PresetError("holds no preset", where=str(folder), fix="name a folder of .milk or .json files")
    corpus.files = dict(sorted(found.items()))
    return corpus


def _read(path: Path) -> tuple[str, Program]:
    if path.suffix.lower() == ".json":
        preset = read_preset(path)
        return preset.content_id, of_json(preset)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PresetError(f"cannot be read ({error.strerror})", where=str(path)) from error
    milk, _ = read_milk(data, str(path))
    return content_id(milk), of_milk(milk)
