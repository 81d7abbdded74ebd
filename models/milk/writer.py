"""Writes .milk files as MilkDrop does: versions, `[preset00]`, values, waves, shapes, code; CRLF.

Reading what was written gives the same preset again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from models.milk.preset import PRESET_CODE, SHADERS, SHAPE_CODE, WAVE_CODE, DoublePreset, MilkPreset, Part
from models.milk.spelling import ORDER, SPELLING


def write_milk(preset: MilkPreset) -> bytes:
    """The file of `preset`, UTF-8."""
    return _file(_lines(preset))


def write_milk2(double: DoublePreset) -> bytes:
    """The file of a double preset, UTF-8."""
    lines = [f"{key}={value}" for key, value in double.header.items()]
    for which, (name, preset) in enumerate(zip(double.names, double.presets, strict=True), 1):
        lines += [f"[PRESET{which}_BEGIN]", *([f"NAME={name}"] if name else [])]
        lines += [*_lines(preset), f"[PRESET{which}_END]"]
    return _file(lines)


def text_of(value: float) -> str:
    """A number as `preset.number` leaves it, in the fewest digits, never with an exponent of E+."""
    return str(int(value)) if value.is_integer() else f"{value:.9g}"


def _file(lines: Sequence[str] | Iterator[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8")


def _lines(preset: MilkPreset) -> Iterator[str]:
    yield from _values(preset.header, "")
    yield "[preset00]"
    yield from _values(preset.values, "")
    for wave in preset.waves:
        yield from _part(wave, "wave", WAVE_CODE)
    for shape in preset.shapes:
        yield from _part(shape, "shape", SHAPE_CODE)
    for name in PRESET_CODE:
        yield from _code(preset.code, name, f"{name}_", "")
    for name in SHADERS:
        yield from _code(preset.code, name, f"{name}_", "`")


def _part(part: Part, kind: str, names: tuple[str, ...]) -> Iterator[str]:
    yield from _values(part.values, f"{kind}code_{part.index}_")
    for name in names:
        yield from _code(part.code, name, f"{kind}_{part.index}_{name}", "")


def _values(values: Mapping[str, float], prefix: str) -> Iterator[str]:
    for key in sorted(values, key=lambda key: (ORDER.get(key, len(ORDER)), key)):
        yield f"{prefix}{SPELLING.get(key, key)}={text_of(values[key])}"


def _code(code: Mapping[str, str], name: str, prefix: str, before: str) -> Iterator[str]:
    if name in code:
        for at, line in enumerate(code[name].split("\n"), 1):
            yield f"{prefix}{at}={before}{line}"
