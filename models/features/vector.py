"""What a model sees of a preset that was never rendered: numbers with names.

Three kinds: parameters as the file sets them, what stands in the code, and what the equations do when they
run (`simulate`). Large numbers are taken by their logarithm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import log1p

import numpy as np
from numpy.typing import NDArray

from models.features.defaults import PRESET
from models.features.program import Program
from models.features.simulate import (
    FRAME_VARIABLES,
    MESH_VARIABLES,
    SHAPE_VARIABLES,
    Course,
    simulate,
)
from models.packs.canonical import canonical_json, sha256_hex

VERSION = 1
_EQUATIONS = ("init", "frame", "pixel")
_WORDS = ("sin", "rand", "if", "bass", "bass_att", "mid", "treb", "vol", "time", "rad", "ang", "above", "q1")
_SHADER_WORDS = (
    *(
        "blur1",
        "blur2",
        "blur3",
        "noise",
        "sampler_main",
        "sampler_fc",
        "sampler_pw",
        "texsize",
        "lum",
        "time",
    ),
    *("bass", "mid", "treb", "rad", "ang", "uv_orig", "rand_frame", "hue", "roam", "pow", "sin", "saturate"),
    *("clamp", "abs", "sqrt", "log", "normalize", "dot", "if", "for", "mix", "lerp"),
)
_WORD = re.compile(r"[a-z_]\w*")
_FACTOR = re.compile(r"ret\s*\*=?\s*(\d*\.\d+)|(\d*\.\d+)\s*\*\s*ret\b")
_MINUS = re.compile(r"-\s*(0?\.0\d+)\b")
_TEXTURE = re.compile(r"\btex(?:2D|ture(?:2D)?|3D)\b", re.IGNORECASE)


def features(program: Program) -> dict[str, float]:
    """Every feature by name; the same names, in the same order, for every preset."""
    return dict(_all(program, simulate(program)))


def names() -> list[str]:
    """Names of all features, in order."""
    return list(features(Program()))


def schema_sha256() -> str:
    """Hash of names and version: what was trained on others cannot be used with these."""
    return sha256_hex(canonical_json({"version": VERSION, "names": names()}))


def _all(program: Program, course: Course) -> Iterator[tuple[str, float]]:
    for name, default in PRESET.items():
        yield f"set.{name}", program.values.get(name, default)
    yield from _text(program)
    yield from _shader(program)
    yield from _motion(course)
    yield from _ink(program, course)


def _text(program: Program) -> Iterator[tuple[str, float]]:
    yield "waves", float(len(program.waves))
    yield "shapes", float(len(program.shapes))
    parts: dict[str, list[str]] = {name: [] for name in (*_EQUATIONS, "wave", "shape")}
    for place, text in program.texts():
        kind = place.partition(".")[0]
        if kind in parts:
            parts[kind].extend(_WORD.findall(text.lower()))
    for kind, words in parts.items():
        yield f"{kind}.words", log1p(len(words))
        for word in _WORDS:
            yield f"{kind}.{word}", log1p(words.count(word))


def _shader(program: Program) -> Iterator[tuple[str, float]]:
    for kind in ("warp", "comp"):
        text = program.code.get(kind, "")
        words = _WORD.findall(text.lower())
        yield f"{kind}.words", log1p(len(words))
        for word in _SHADER_WORDS:
            yield f"{kind}.{word}", log1p(sum(1 for found in words if word in found))
        yield f"{kind}.textures", log1p(len(_TEXTURE.findall(text)))
        factors = [float(a or b) for a, b in _FACTOR.findall(text)]
        yield f"{kind}.factor", float(np.prod([min(f, 4.0) for f in factors])) if factors else 1.0
        yield f"{kind}.minus", sum(float(found) for found in _MINUS.findall(text))


def _motion(course: Course) -> Iterator[tuple[str, float]]:
    for at, name in enumerate(FRAME_VARIABLES):
        column = course.frame[:, at]
        yield f"run.{name}.mean", _squeezed(column.mean())
        yield f"run.{name}.std", _squeezed(column.std())
        yield f"run.{name}.step", _squeezed(np.abs(np.diff(column)).mean())
    mesh = course.mesh
    if not mesh.size:
        # Without mesh equations every point moves as the frame says.
        picked = course.frame[::5, [FRAME_VARIABLES.index(name) for name in MESH_VARIABLES]]
        mesh = np.repeat(picked[:, None, :], 12, axis=1)
    for at, name in enumerate(MESH_VARIABLES):
        column = mesh[:, :, at]
        yield f"mesh.{name}.mean", _squeezed(column.mean())
        yield f"mesh.{name}.across", _squeezed(column.std(axis=1).mean())
        yield f"mesh.{name}.step", _squeezed(np.abs(np.diff(column, axis=0)).mean())
    spread = course.q.std(axis=0)
    yield "q.moving", float((spread > 1e-6).sum())
    yield "q.set", float((np.abs(course.q).max(axis=0) > 0.0).sum())
    yield "q.std", log1p(spread.mean())
    yield "q.step", log1p(np.abs(np.diff(course.q, axis=0)).mean())
    for at in range(8):
        yield f"q{at + 1}.mean", _squeezed(course.q[:, at].mean())
        yield f"q{at + 1}.std", _squeezed(spread[at])
    yield "broken", float(course.broken)


def _ink(program: Program, course: Course) -> Iterator[tuple[str, float]]:
    """How much is drawn in each frame, how long it stays, and what that makes of brightness."""
    light = border = moved = textured = additive = 0.0
    for part, rows, copies in zip(program.shapes, course.shapes, course.copies, strict=True):
        column = dict(zip(SHAPE_VARIABLES, rows.T, strict=True))
        area = np.clip(column["rad"], 0.0, 2.0) ** 2
        inner = np.clip(column["a"], 0, 1) * _bright(column["r"], column["g"], column["b"])
        outer = np.clip(column["a2"], 0, 1) * _bright(column["r2"], column["g2"], column["b2"])
        if part.values.get("textured"):
            textured += copies * float((area * np.clip(column["a"], 0, 1)).mean())
        else:
            light += copies * float((area * (inner + outer)).mean())
        border += copies * float((np.clip(column["border_a"], 0, 1) * np.sqrt(area)).mean())
        additive += float(part.values.get("additive", 0.0) > 0.0)
        moved += copies * sum(float(np.abs(np.diff(column[name])).mean()) for name in ("x", "y", "rad"))
    wave = 0.0
    for part, rows in zip(program.waves, course.waves, strict=True):
        a, r, g, b = rows.T
        shown = float((np.clip(a, 0, 1) * _bright(r, g, b)).mean())
        wave += shown * (2.0 if part.values.get("thick") else 1.0) * part.values.get("samples", 512.0) / 512.0
        additive += float(part.values.get("additive", 0.0) > 0.0)
    yield from (("ink.light", log1p(light)), ("ink.border", log1p(border)), ("ink.textured", log1p(textured)))
    yield from (("ink.wave", log1p(wave)), ("ink.additive", additive), ("ink.moved", log1p(min(moved, 1e6))))

    frame = dict(zip(FRAME_VARIABLES, course.frame.T, strict=True))
    main = np.clip(frame["wave_a"], 0, 1) * _bright(frame["wave_r"], frame["wave_g"], frame["wave_b"])
    rim = np.clip(frame["ob_a"], 0, 1) * np.clip(frame["ob_size"], 0, 0.5)
    rim = rim * _bright(frame["ob_r"], frame["ob_g"], frame["ob_b"])
    drawn = float(main.mean()) * 0.05 + float(rim.mean()) + light * 0.3 + border * 0.05 + wave * 0.05
    decay = float(np.clip(frame["decay"], 0.0, 1.0).mean())
    lasting = drawn / (1.0 - decay + 0.01)
    yield "ink.main", float(main.mean())
    yield "ink.rim", float(rim.mean())
    yield "ink.drawn", log1p(drawn)
    yield "ink.lasting", log1p(lasting)
    yield "ink.shown", log1p(lasting * float(np.clip(frame["gamma"], 0.0, 8.0).mean()))
    spread = float(np.clip(frame["zoom"], 0.0, 2.0).mean())
    yield "ink.zoomed", log1p(lasting * spread)


def _bright(r: NDArray[np.float64], g: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rec. 709 brightness of clipped colours."""
    return 0.2126 * np.clip(r, 0, 1) + 0.7152 * np.clip(g, 0, 1) + 0.0722 * np.clip(b, 0, 1)


def _squeezed(value: float) -> float:
    """`value` below 1 as it is (nearly), by its logarithm above; the sign stays."""
    return float(np.copysign(log1p(abs(value)), value))
