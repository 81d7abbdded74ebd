"""A preset as a program, whichever format it came in: parameters under butterchurn's names, code by place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.convert.names import PRESET_NAMES, SHAPE_NAMES, WAVE_NAMES, renamed
from models.milk.preset import MilkPreset, Part
from models.packs.butterchurn import Preset

_JSON_CODE = {
    "init": "init_eqs_eel",
    "frame": "frame_eqs_eel",
    "pixel": "pixel_eqs_eel",
    "point": "point_eqs_eel",
    "warp": "warp",
    "comp": "comp",
}
_MILK_CODE = {
    "per_frame_init": "init",
    "per_frame": "frame",
    "per_pixel": "pixel",
    "init": "init",
    "per_point": "point",
    "warp": "warp",
    "comp": "comp",
}


@dataclass(frozen=True)
class PartProgram:
    """A custom wave or shape that is switched on; code by `init`, `frame`, `point`, only what there is."""

    values: Mapping[str, float] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    """A preset.

    Attributes:
        values: parameters that it sets.
        code: by `init`, `frame`, `pixel` (EEL), `warp`, `comp` (GLSL or HLSL); only what there is.
        waves: custom waves that are on.
        shapes: custom shapes that are on.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)
    waves: tuple[PartProgram, ...] = ()
    shapes: tuple[PartProgram, ...] = ()

    def texts(self) -> Iterator[tuple[str, str]]:
        """Every piece of code with where it stands: `frame`, `wave.point`, `shape.init`, ..."""
        yield from self.code.items()
        for kind, parts in (("wave", self.waves), ("shape", self.shapes)):
            for part in parts:
                for name, text in part.code.items():
                    yield f"{kind}.{name}", text


def of_json(preset: Preset) -> Program:
    """The program of a preset for butterchurn."""
    body = preset.body
    return Program(
        values=_seen(body["baseVals"]),
        code=_json_code(body),
        waves=_json_parts(body["waves"]),
        shapes=_json_parts(body["shapes"]),
    )


def of_milk(preset: MilkPreset) -> Program:
    """The program of a preset of MilkDrop."""
    return Program(
        values=_seen(renamed(preset.values, PRESET_NAMES)),
        code=_milk_code(preset.code),
        waves=_milk_parts(preset.waves, WAVE_NAMES),
        shapes=_milk_parts(preset.shapes, SHAPE_NAMES),
    )


def _seen(values: Mapping[str, float]) -> dict[str, float]:
    """Without the rating, which is an opinion and no parameter."""
    return {name: float(value) for name, value in values.items() if name != "rating"}


def _json_code(holder: Mapping[str, Any]) -> dict[str, str]:
    return {name: text for name, key in _JSON_CODE.items() if (text := holder.get(key, "")).strip()}


def _json_parts(parts: list[dict[str, Any]]) -> tuple[PartProgram, ...]:
    return tuple(
        PartProgram(_seen(part["baseVals"]), _json_code(part))
        for part in parts
        if part["baseVals"].get("enabled")
    )


def _milk_code(code: Mapping[str, str]) -> dict[str, str]:
    return {_MILK_CODE[name]: text for name, text in code.items() if name in _MILK_CODE and text.strip()}


def _milk_parts(parts: tuple[Part, ...], names: Mapping[str, str]) -> tuple[PartProgram, ...]:
    return tuple(
        PartProgram(_seen(renamed(part.values, names)), _milk_code(part.code))
        for part in parts
        if part.values.get("enabled")
    )
