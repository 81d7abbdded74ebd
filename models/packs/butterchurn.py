"""Reader of butterchurn presets: JSON with raw EEL equations and converted GLSL shaders.

A preset is somebody else's program. What is let through is exactly what the renderer needs: numbers,
EEL source (compiled to WebAssembly in the browser, where it can reach neither page nor network) and
GLSL source. JavaScript equations (`*_eqs_str`) are never kept: a preset that has only those is refused.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import PresetError
from models.packs.canonical import canonical_json, sha256_hex

MAX_FILE_BYTES = 256 * 1024
MAX_CODE_CHARS = 64 * 1024
MAX_PARTS = 16
"""Most shapes or waves in one preset (MilkDrop has 4, MilkDrop 3 has 16)."""

CODE_KEYS = ("init_eqs_eel", "frame_eqs_eel", "pixel_eqs_eel", "warp", "comp")
SHAPE_CODE_KEYS = ("init_eqs_eel", "frame_eqs_eel")
WAVE_CODE_KEYS = ("init_eqs_eel", "frame_eqs_eel", "point_eqs_eel")

_PARAMETER_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Preset:
    """One checked preset.

    Attributes:
        name: file name without extension, as its author wrote it.
        author: text before the first " - "; empty when there is none.
        title: the rest of the name.
        content_id: SHA-256 of the canonical JSON of `body`, 64 hex digits.
        source_sha256: SHA-256 of the file as it was read.
        body: what the renderer gets; numbers, EEL and GLSL only.
    """

    name: str
    author: str
    title: str
    content_id: str
    source_sha256: str
    body: dict[str, Any]

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters that the file sets (`baseVals`); the others have the renderer's defaults."""
        return self.body["baseVals"]  # type: ignore[no-any-return]

    def to_bytes(self) -> bytes:
        """The preset as a file, canonical JSON."""
        return canonical_json(self.body)


def split_name(name: str) -> tuple[str, str]:
    """Author and title from a file name such as "Flexi - area 51"; the author may be empty."""
    author, dash, title = name.partition(" - ")
    if not dash or not author.strip():
        return "", name.strip()
    return author.strip(), title.strip()


def read_preset(path: Path) -> Preset:
    """Read and check one preset file.

    Raises:
        PresetError: the file is missing, too large, no JSON, or not a preset that may be shown.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise PresetError(
                f"larger than {MAX_FILE_BYTES // 1024} KiB", where=str(path), fix="leave it out"
            )
        data = path.read_bytes()
    except OSError as error:
        raise PresetError(f"cannot be read ({error.strerror})", where=str(path)) from error
    return parse_preset(data, name=path.stem, where=str(path))


def parse_preset(data: bytes, *, name: str, where: str) -> Preset:
    """Check the bytes of a preset file.

    Args:
        data: the file, UTF-8 JSON, with or without a byte order mark.
        name: file name without extension.
        where: how errors name the file.

    Raises:
        PresetError: `data` is no preset that may be shown; the sentence names the key.
    """
    if len(data) > MAX_FILE_BYTES:
        raise PresetError(f"larger than {MAX_FILE_BYTES // 1024} KiB", where=where, fix="leave it out")
    try:
        raw = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except RecursionError as error:
        raise PresetError("nested too deeply for a preset", where=where, fix="leave it out") from error
    except ValueError as error:
        raise PresetError(f"not JSON ({error})", where=where, fix="convert it again") from error
    if not isinstance(raw, dict):
        raise PresetError("not a JSON object", where=where, fix="convert it again")

    body: dict[str, Any] = {"version": _version(raw.get("version", 1), where)}
    body["baseVals"] = _parameters(raw.get("baseVals"), f"{where} [baseVals]")
    body["shapes"] = _parts(raw, "shapes", SHAPE_CODE_KEYS, where)
    body["waves"] = _parts(raw, "waves", WAVE_CODE_KEYS, where)
    for key in CODE_KEYS:
        body[key] = _code(raw, key, f"{where} [{key}]")

    author, title = split_name(name)
    return Preset(
        name=name,
        author=author,
        title=title,
        content_id=sha256_hex(canonical_json(body)),
        source_sha256=sha256_hex(data),
        body=body,
    )


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a JSON number")


def _version(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 100:
        raise PresetError("not a version number", where=f"{where} [version]", fix="convert it again")
    return value


def _parameters(values: object, where: str) -> dict[str, float]:
    if not isinstance(values, dict):
        raise PresetError("not an object of parameters", where=where, fix="convert it again")
    checked: dict[str, float] = {}
    for key, value in values.items():
        if not _PARAMETER_NAME.fullmatch(key):
            raise PresetError(f"{key[:40]!r} is not a parameter name", where=where, fix="convert it again")
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or abs(value) > 1e9 or not math.isfinite(value):
            raise PresetError(f"{key} is not a usable number", where=where, fix="convert it again")
        # 1 and 1.0 are the same number to the renderer and must be the same content here.
        checked[key] = int(value) if float(value).is_integer() else value
    return checked


def _parts(raw: dict[str, Any], key: str, code_keys: tuple[str, ...], where: str) -> list[dict[str, Any]]:
    parts = raw.get(key, [])
    if not isinstance(parts, list) or len(parts) > MAX_PARTS:
        raise PresetError(f"not a list of at most {MAX_PARTS}", where=f"{where} [{key}]", fix="leave it out")
    checked = []
    for index, part in enumerate(parts):
        place = f"{where} [{key}.{index}]"
        if not isinstance(part, dict):
            raise PresetError("not an object", where=place, fix="convert it again")
        body: dict[str, Any] = {"baseVals": _parameters(part.get("baseVals"), place)}
        for code_key in code_keys:
            body[code_key] = _code(part, code_key, place)
        checked.append(body)
    return checked


def _code(holder: dict[str, Any], key: str, where: str) -> str:
    """Source text under `key`; absent means empty, unless JavaScript stands in its place."""
    if key not in holder:
        javascript = key.removesuffix("_eel") + "_str"
        if key.endswith("_eel") and holder.get(javascript):
            raise PresetError(
                f"has only JavaScript equations ({javascript}), which are never run",
                where=where,
                fix=f"convert it again so that it has {key}",
            )
        return ""
    text = holder[key]
    if not isinstance(text, str):
        raise PresetError("not text", where=where, fix="convert it again")
    if len(text) > MAX_CODE_CHARS:
        raise PresetError(f"longer than {MAX_CODE_CHARS} characters", where=where, fix="leave it out")
    return text
