"""Reads .milk files, as MilkDrop writes them and as they are found.

A file is an INI section: `[preset00]`, values, and code in numbered lines (`per_frame_1=...`), shader lines
behind a backtick. Versions stand before the section. What is not so is repaired where the meaning is plain
(`preset.REPAIRS`), and each repair is reported with its line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from models.errors import PresetError
from models.milk.preset import (
    MOST_PARTS,
    PRESET_CODE,
    REPAIRS,
    SHADERS,
    DoublePreset,
    MilkPreset,
    Part,
    Repair,
    number,
)

MOST_BYTES = 1 << 20
"""Real presets have at most 40 kB; one of more than this is something else."""
MOST_LINE_NUMBER = 100_000

Reporter = Callable[[int, str, str], None]
"""Called with (line, kind of repair, what it was made to)."""

_LINE_END = re.compile(r"\r\n|\n|\r")
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_CODE = re.compile(r"(per_frame_init|per_frame|per_pixel|warp|comp)_(\d+)")
_PART_CODE = re.compile(r"(wave|shape)_(\d+)_(init|per_frame|per_point)_?(\d+)")
_PART_VALUE = re.compile(r"(wave|shape)code_(\d+)_(\w+)")
_SECTION = re.compile(r"\s*\[([^\]]*)\]\s*")
_MARK = re.compile(r"^[ \t]*\[PRESET([12])_(BEGIN|END)\][ \t]*\r?$", re.MULTILINE | re.IGNORECASE)
_NAME = re.compile(r"^[ \t]*NAME[ \t]*=[ \t]*(.*?)[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)


@dataclass
class _Lines:
    """Code as it is collected: text by line number, in order of appearance."""

    shader: bool
    by_number: dict[int, str] = field(default_factory=dict)
    last: int = 0


@dataclass
class _Collected:
    """A wave or shape, or the preset itself, while its file is read."""

    values: dict[str, float] = field(default_factory=dict)
    code: dict[str, _Lines] = field(default_factory=dict)


def read_milk(data: bytes, where: str) -> tuple[MilkPreset, list[Repair]]:
    """The preset in the bytes of a .milk file, and what had to be repaired.

    Args:
        data: the file.
        where: how errors name it.

    Raises:
        PresetError: the file is empty, too large, binary, or holds nothing of a preset.
    """
    text, repairs = decode(data, where)
    preset = _read_text(text, 1, where, repairs)
    return preset, repairs


def read_milk2(data: bytes, where: str) -> tuple[DoublePreset, list[Repair]]:
    """The two presets in the bytes of a .milk2 file (MilkDrop 3), and what had to be repaired.

    Raises:
        PresetError: as `read_milk`, or one of the two presets is not there.
    """
    text, repairs = decode(data, where)
    bodies: dict[str, tuple[int, int]] = {}
    open_at: dict[str, int] = {}
    first = len(text)
    for mark in _MARK.finditer(text):
        which, kind = mark[1], mark[2].upper()
        if kind == "BEGIN":
            first = min(first, mark.start())
            open_at.setdefault(which, mark.end())
        elif which in open_at:
            bodies.setdefault(which, (open_at[which], mark.start()))
    names, presets = [], []
    for which in "12":
        if which not in bodies:
            raise PresetError(
                f"preset {which} has no [PRESET{which}_BEGIN] and [PRESET{which}_END]",
                where=where,
                fix="save it again, or leave it out",
            )
        start, end = bodies[which]
        body = text[start:end]
        head = body[: body.lower().find("[preset00]")] if "[preset00]" in body.lower() else ""
        name = _NAME.search(head)
        names.append(name[1] if name else "")
        if name:
            # The name is the wrapper's, not the preset's.
            body = body[: name.start()] + body[name.end() :]
        presets.append(_read_text(body, 1 + text.count("\n", 0, start), f"{where} [{which}]", repairs))
    header: dict[str, str] = {}
    for line in _LINE_END.split(text[:first]):
        key, equals, value = line.partition("=")
        if equals:
            header.setdefault(key.strip().lower(), value.strip())
    return DoublePreset(header, (names[0], names[1]), (presets[0], presets[1])), repairs


def decode(data: bytes, where: str) -> tuple[str, list[Repair]]:
    """The text of a preset file.

    Raises:
        PresetError: it is empty, too large or binary.
    """
    if len(data) > MOST_BYTES:
        raise PresetError(f"larger than {MOST_BYTES >> 10} KiB", where=where, fix="leave it out")
    repairs: list[Repair] = []
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        repairs.append(Repair(0, "utf-16", REPAIRS["utf-16"]))
        text = data.decode("utf-16", errors="replace")
    else:
        if data.startswith(b"\xef\xbb\xbf"):
            repairs.append(Repair(0, "bom", REPAIRS["bom"]))
            data = data[3:]
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = 1 + data.count(b"\n", 0, error.start)
            repairs.append(Repair(line, "latin-1", REPAIRS["latin-1"]))
            text = data.decode("latin-1")
    if "\0" in text:
        raise PresetError("binary, not a preset", where=where, fix="leave it out")
    if not text.strip():
        raise PresetError("empty", where=where, fix="leave it out")
    if re.search(r"\r(?!\n)", text):
        repairs.append(Repair(0, "line-end", REPAIRS["line-end"]))
    return text, repairs


def _read_text(text: str, first_line: int, where: str, repairs: list[Repair]) -> MilkPreset:
    header: dict[str, float] = {}
    preset = _Collected()
    parts: dict[tuple[str, int], _Collected] = {}

    def repair(line: int, kind: str, detail: str) -> None:
        repairs.append(Repair(line, kind, f"{detail}: {REPAIRS[kind]}"))

    code_seen = False
    for line, in_section, key, value in _pairs(text, first_line, repair):
        if found := _CODE.fullmatch(key):
            code_seen = True
            _add_line(preset, found[1], int(found[2]), value, line, repair)
        elif found := _PART_CODE.fullmatch(key):
            if part := _part(parts, found[1], int(found[2]), line, repair):
                code_seen = True
                _add_line(part, found[3], int(found[4]), value, line, repair)
        elif found := _PART_VALUE.fullmatch(key):
            if part := _part(parts, found[1], int(found[2]), line, repair):
                _add_value(part.values, found[3], value, line, repair)
        elif in_section:
            if code_seen:
                repair(line, "late-value", key)
            _add_value(preset.values, key, value, line, repair)
        else:
            _add_value(header, key, value, line, repair)
    if not preset.values and not preset.code and not parts:
        raise PresetError("holds nothing of a preset", where=where, fix="leave it out")
    return MilkPreset(
        header=header,
        values=preset.values,
        code=_joined(preset, (*PRESET_CODE, *SHADERS), repair),
        waves=_parts(parts, "wave", repair),
        shapes=_parts(parts, "shape", repair),
    )


def _pairs(text: str, first_line: int, repair: Reporter) -> Iterator[tuple[int, bool, str, str]]:
    """(line, inside the preset's section?, name in lower case, value) of every line with a value."""
    lines = _LINE_END.split(text)
    sections = [found[1].strip().lower() for line in lines if (found := _SECTION.fullmatch(line))]
    inside = "preset00" not in sections
    if inside:
        repair(0, "no-section", "[preset00]")
    entered = inside
    for at, line in enumerate(lines, first_line):
        if found := _SECTION.fullmatch(line):
            inside = found[1].strip().lower() == "preset00"
            if not inside:
                repair(at, "other-section", line.strip()[:40])
            entered = entered or inside
            continue
        if entered and not inside:
            continue
        key, equals, value = line.partition("=")
        key = key.strip().lower()
        if equals and key:
            yield at, inside, key, value
        elif line.strip() and inside:
            repair(at, "no-equals", repr(line.strip()[:40]))


def _part(
    parts: dict[tuple[str, int], _Collected], kind: str, index: int, line: int, repair: Reporter
) -> _Collected | None:
    if index >= MOST_PARTS:
        repair(line, "too-many-parts", f"{kind} {index}")
        return None
    return parts.setdefault((kind, index), _Collected())


def _add_value(values: dict[str, float], key: str, text: str, line: int, repair: Reporter) -> None:
    found = _NUMBER.match(text)
    value = float(found[0]) if found else math.nan
    if found is None or not math.isfinite(value) or abs(value) > 1e9:
        repair(line, "no-number", f"{key}={text[:40]!r}")
        return
    if text[found.end() :].strip():
        repair(line, "number-tail", f"{key}={text[:40]!r}")
    if key in values:
        repair(line, "duplicate", key)
        return
    values[key] = number(value)


def _add_line(into: _Collected, name: str, at: int, text: str, line: int, repair: Reporter) -> None:
    code = into.code.setdefault(name, _Lines(shader=name in SHADERS))
    if at > MOST_LINE_NUMBER or at in code.by_number:
        repair(line, "duplicate-line", f"{name} {at}")
        return
    if code.shader:
        if text.startswith("`"):
            text = text[1:]
        elif text.strip():
            repair(line, "no-backtick", f"{name} {at}")
    if at < code.last:
        repair(line, "disorder", f"{name} {at}")
    code.last = max(code.last, at)
    code.by_number[at] = text.rstrip()


def _joined(collected: _Collected, names: tuple[str, ...], repair: Reporter) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name in names:
        code = collected.code.get(name)
        if code is None:
            continue
        numbers = sorted(code.by_number)
        if numbers[-1] - numbers[0] + 1 != len(numbers):
            missing = next(at for at in range(numbers[0], numbers[-1]) if at not in code.by_number)
            repair(0, "gap", f"{name} {missing}")
        text = "\n".join(code.by_number[at] for at in numbers)
        if text.strip():
            joined[name] = text.strip("\n")
    return joined


def _parts(parts: dict[tuple[str, int], _Collected], kind: str, repair: Reporter) -> tuple[Part, ...]:
    names = ("init", "per_frame", "per_point")
    return tuple(
        Part(index, found.values, _joined(found, names, repair))
        for (what, index), found in sorted(parts.items())
        if what == kind
    )
