"""The canonical form of a preset, and its content id: what is shown alike has one id.

Left out is what changes no picture: comments, white space, how numbers and names are spelt, the order of
the file, `fRating`, waves and shapes that are switched off and cannot be switched on (MilkDrop looks at
`enabled` once, before any code runs), and empty code.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace

from models.milk.preset import SHADERS, DoublePreset, MilkPreset, Part
from models.milk.writer import write_milk

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_SPACE = re.compile(r"\s+")
_AROUND = re.compile(r" ?([^\w\s.]) ?")
_UNSEEN = frozenset({"frating", "psversion", "psversion_warp", "psversion_comp"})


def canonical(preset: MilkPreset) -> MilkPreset:
    """`preset` without anything that changes no picture; canonical again, it stays the same."""
    return MilkPreset(
        header={key: value for key, value in preset.header.items() if key not in _UNSEEN},
        values={key: value for key, value in preset.values.items() if key not in _UNSEEN},
        code={
            name: text for name, source in preset.code.items() if (text := _plain(source, name in SHADERS))
        },
        waves=_seen(preset.waves),
        shapes=_seen(preset.shapes),
    )


def content_id(preset: MilkPreset) -> str:
    """SHA-256 of the canonical form's file, 64 hex digits."""
    return hashlib.sha256(write_milk(canonical(preset))).hexdigest()


def double_id(double: DoublePreset) -> str:
    """Content id of a double preset: of its two presets and how they are blended."""
    parts = [content_id(preset) for preset in double.presets]
    parts += [f"{key}={value}" for key, value in sorted(double.header.items())]
    return hashlib.sha256("\n".join(parts).encode("utf-8")).hexdigest()


def _seen(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(
        replace(
            part,
            code=_code(part.code),
        )
        for part in parts
        if part.values.get("enabled", 0.0) != 0.0
    )


def _code(code: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, source in code.items() if (text := _plain(source, name in SHADERS))}


def _plain(source: str, shader: bool) -> str:
    """Code without comments and white space; a shader keeps its lines, which its preprocessor needs."""
    bare = _COMMENT.sub(" ", source)
    lines = bare.split("\n") if shader else [bare]
    plain = (_AROUND.sub(r"\1", _SPACE.sub(" ", line)).strip() for line in lines)
    return "\n".join(line for line in plain if line)
