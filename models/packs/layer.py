"""One preset file on its way into a pack: read, checked, converted or copied."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from models.convert.preset import Shaders, convert
from models.errors import PresetError
from models.milk.identity import content_id, double_id
from models.milk.preset import SHADERS, MilkPreset
from models.milk.reader import read_milk, read_milk2
from models.milk.writer import write_milk
from models.packs.butterchurn import Preset, parse_preset
from models.packs.canonical import canonical_json, sha256_hex
from models.packs.hygiene import read_file
from models.packs.textures import missing_textures


@dataclass
class Layer:
    """A preset file as it was found.

    Attributes:
        name: file name without extension.
        sha256: of the file.
        content_id: of what it shows.
        milks: the presets as .milk files: the file itself, or the two of a `.milk2`.
        presets: as butterchurn runs them: one, or the two of a `.milk2`; none when it was only copied.
        shaders: whether there are any in it.
        notes: what was repaired, and what the renderer cannot show.
    """

    name: str
    sha256: str
    content_id: str
    milks: list[bytes]
    presets: list[Preset] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    shaders: bool = False


class Reader:
    """Reads preset files, and converts them where `shaders` are given."""

    def __init__(self, shaders: Shaders | None) -> None:
        self._shaders = shaders

    def read(self, path: Path, where: str) -> Layer:
        """The layer in `path`.

        Raises:
            PresetError: the file cannot be used; `what` begins with a reason that can be counted.
        """
        data, fault = read_file(path)
        if fault:
            raise PresetError(fault, where=where)
        name = path.stem
        if path.suffix.lower() == ".milk2":
            double, repairs = read_milk2(data, where)
            milks = [write_milk(preset) for preset in double.presets]
            layer = Layer(name, sha256_hex(data), double_id(double), milks, notes=[str(r) for r in repairs])
            names = [given or f"{name} ({which})" for which, given in enumerate(double.names, 1)]
            self._convert(layer, list(zip(names, double.presets, strict=True)), where)
            return layer
        preset, repairs = read_milk(data, where)
        layer = Layer(name, sha256_hex(data), content_id(preset), [data], notes=[str(r) for r in repairs])
        self._convert(layer, [(name, preset)], where)
        return layer

    def _convert(self, layer: Layer, presets: list[tuple[str, MilkPreset]], where: str) -> None:
        layer.shaders = any(name in preset.code for _, preset in presets for name in SHADERS)
        if self._shaders is None:
            return
        for name, preset in presets:
            done = convert(preset, self._shaders, where)
            made = parse_preset(canonical_json(done.body), name=name, where=where)
            layer.presets.append(made)
            layer.notes += done.lost
            if lacking := missing_textures(made):
                layer.notes.append(f"butterchurn has no texture {', '.join(lacking)}")
