"""A MilkDrop preset as butterchurn runs it: numbers under its names, equations as raw EEL, GLSL shaders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.convert.converter import Converter
from models.convert.names import PRESET_NAMES, SHAPE_NAMES, WAVE_NAMES, renamed
from models.convert.shader import butterchurn_text, program
from models.errors import PresetError, ShaderError
from models.milk.preset import SHADERS, SHAPE_CODE, WAVE_CODE, MilkPreset, Part
from models.packs.butterchurn import MAX_CODE_CHARS, parse_preset
from models.packs.canonical import canonical_json

PARTS = 4
"""Waves, and shapes, that butterchurn draws; MilkDrop 3 has more."""

_EEL_NAMES = {"init": "init_eqs_eel", "per_frame": "frame_eqs_eel", "per_point": "point_eqs_eel"}


@dataclass
class Converted:
    """A preset for butterchurn.

    Attributes:
        body: what its file holds.
        lost: sentences about what butterchurn cannot show of it.
    """

    body: dict[str, Any]
    lost: list[str] = field(default_factory=list)


class Shaders:
    """Converts shaders, each text once: presets share them a lot."""

    def __init__(self, converter: Converter | None) -> None:
        self._converter = converter
        self._done: dict[str, str | ShaderError] = {}

    def convert(self, source: str) -> str:
        """The text that butterchurn takes for a preset's HLSL `source`.

        Raises:
            ShaderError: it cannot be converted.
        """
        if source not in self._done:
            self._done[source] = self._try(source)
        done = self._done[source]
        if isinstance(done, ShaderError):
            raise ShaderError(done.what)
        return done

    def _try(self, source: str) -> str | ShaderError:
        if self._converter is None:
            return ShaderError("it has shaders, and the shader converter is not there")
        try:
            return butterchurn_text(self._converter.convert(*program(source)))
        except ShaderError as error:
            return error
        except ValueError as error:
            return ShaderError(str(error))


def convert(preset: MilkPreset, shaders: Shaders, where: str) -> Converted:
    """`preset` for butterchurn 3.

    Args:
        preset: what the file said.
        shaders: converts its shaders; a preset without any needs none.
        where: how errors name the preset.

    Raises:
        PresetError: a shader cannot be converted, or the result is more than the stage takes.
    """
    lost: list[str] = []
    body: dict[str, Any] = {
        # eel-wasm reads operators as MilkDrop 1 did or as MilkDrop 2 does.
        "version": 2 if preset.version >= 200 else 1,
        "baseVals": renamed(preset.values, PRESET_NAMES),
        "shapes": _parts(preset.shapes, SHAPE_NAMES, SHAPE_CODE, "shape", lost),
        "waves": _parts(preset.waves, WAVE_NAMES, WAVE_CODE, "wave", lost),
        "init_eqs_eel": preset.code.get("per_frame_init", ""),
        "frame_eqs_eel": preset.code.get("per_frame", ""),
        "pixel_eqs_eel": preset.code.get("per_pixel", ""),
    }
    for name in SHADERS:
        source = preset.code.get(name, "")
        try:
            body[name] = shaders.convert(source) if source.strip() else ""
        except ShaderError as error:
            raise PresetError(f"{name} shader: {error.what}", where=where) from error
        if len(body[name]) > MAX_CODE_CHARS:
            raise PresetError(f"{name} shader: longer than {MAX_CODE_CHARS} characters", where=where)
    parse_preset(canonical_json(body), name="", where=where)
    return Converted(body, lost)


def _parts(
    parts: tuple[Part, ...], names: Mapping[str, str], code: tuple[str, ...], kind: str, lost: list[str]
) -> list[dict[str, Any]]:
    """Always four: a part is found by its place in the list."""
    by_index = {part.index: part for part in parts}
    lost += [
        f"{kind} {part.index}: butterchurn draws {PARTS} of them"
        for part in parts
        if part.index >= PARTS and part.values.get("enabled", 0.0) != 0.0
    ]
    made = []
    for index in range(PARTS):
        part = by_index.get(index, Part(index))
        values = {"enabled": 0} | renamed(part.values, names)
        made.append({"baseVals": values} | {_EEL_NAMES[name]: part.code.get(name, "") for name in code})
    return made
