"""Presets made by rule, for tests and benchmarks: plausible, small, no two alike, the same every time."""

from __future__ import annotations

from collections.abc import Sequence

from models.milk.preset import MilkPreset, Part, number
from models.packs.canonical import draw64

_AUTHORS = ("amber", "brook", "cedar", "delta", "ember", "frost", "grove", "haven", "inlet", "junco")
_WORDS = (
    "night",
    "drift",
    "pulse",
    "vortex",
    "ash",
    "tide",
    "static",
    "bloom",
    "rust",
    "halo",
    "warp",
    "mist",
)
_LINES = (
    "rot = rot + {a}*sin(time*{b});",
    "zoom = zoom + {a}*bass_att;",
    "wave_r = 0.5 + 0.5*sin(time*{b} + {c});",
    "cx = 0.5 + {a}*cos(time*{b});",
    "q{n} = above(bass, {b})*{a} + q{n}*0.9;",
    "dx = dx + {a}*(treb - mid);",
    "warp = warp + {a}*if(above(mid_att, {b}), 1, 0);",
)


def made_name(at: int) -> str:
    """A file name, without its extension, such as people give: author, title, number."""
    author = _AUTHORS[draw64(at, "author") % len(_AUTHORS)]
    first, second = (_WORDS[draw64(at, word) % len(_WORDS)] for word in ("first", "second"))
    return f"{author} - {first} {second} {at}"


def made_preset(at: int) -> MilkPreset:
    """Preset number `at`: a MilkDrop 1 preset with a shape, and equations in about half of them."""

    def real(name: str, low: float, high: float) -> float:
        return number(low + (high - low) * (draw64(at, name) % 100_000) / 100_000)

    code = {}
    if draw64(at, "coded") % 2:
        code["per_frame"] = "\n".join(_lines(at, 2 + draw64(at, "lines") % 4, "frame"))
    if draw64(at, "pixel") % 4 == 0:
        code["per_pixel"] = "\n".join(_lines(at, 1, "pixel"))
    shape = {"enabled": 1.0, "sides": float(3 + draw64(at, "sides") % 20)}
    shape |= {name: real(f"shape {name}", 0.0, 1.0) for name in ("x", "y", "rad", "r", "g", "b", "a")}
    values = {
        "frating": 3.0,
        "fdecay": real("decay", 0.9, 1.0),
        "fgammaadj": real("gamma", 1.0, 2.5),
        "nwavemode": float(draw64(at, "mode") % 8),
        "zoom": real("zoom", 0.95, 1.05),
        "rot": real("rot", -0.1, 0.1),
        "warp": real("warp", 0.0, 2.0),
        "cx": real("cx", 0.3, 0.7),
        "wave_r": real("r", 0.0, 1.0),
        "wave_g": real("g", 0.0, 1.0),
        "wave_b": real("b", 0.0, 1.0),
    }
    return MilkPreset(values=values, code=code, shapes=(Part(0, shape),))


def _lines(at: int, count: int, label: str) -> Sequence[str]:
    lines = []
    for line in range(count):
        draw = draw64(at, label, str(line))
        values = {"a": draw % 97 / 1000, "b": draw // 97 % 89 / 40, "c": draw // 9409 % 6, "n": 1 + draw % 8}
        lines.append(_LINES[draw // 60_000 % len(_LINES)].format(**values))
    return lines
