"""`warp_diff` and `cx_diff`: how differently two presets deform and move the picture.

Each frame the renderer draws the last picture again through a mesh; where a point goes is its
*displacement*, in picture widths per frame. Twelve parameters of a preset say what that displacement is
before any equation runs. It falls into two parts, and each difference is the root mean square, over the
picture, of the difference between the two presets' displacements in one part:

- *deformation* (`warp_diff`): travelling waves (`warp`, `warpscale`, `warpanimspeed`), a zoom that is
  uneven from centre to edge (`zoom` with `zoomexp`), and stretch (`sx`, `sy`);
- *movement* (`cx_diff`): zoom, rotation and shift (`zoom`, `rot`, `dx`, `dy`) about the centre (`cx`, `cy`).

Definition, derivation, limits and the measured distribution: docs/adr/0007-pair-differences.md.
Only + - * / and sqrt, so that every machine gets the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

DEFAULTS: Mapping[str, float] = {
    "warp": 1.0,
    "warpscale": 1.0,
    "warpanimspeed": 1.0,
    "zoom": 1.0,
    "zoomexp": 1.0,
    "sx": 1.0,
    "sy": 1.0,
    "cx": 0.5,
    "cy": 0.5,
    "dx": 0.0,
    "dy": 0.0,
    "rot": 0.0,
}
"""butterchurn's values for parameters that a preset does not set."""

FULL_SCALE = 0.2
"""Value that both differences approach, so that they lie where the app's lie (0.001 to 0.17)."""
WARP_KNEE = 0.003
CX_KNEE = 0.01
"""Displacement, in picture widths per frame, that gives half of full scale."""

_WAVE = 0.0035
"""butterchurn's amplitude of each of the four waves at warp 1."""
_TINY = 1e-6
_PI = 3.141592653589793

DEFINITIONS = {
    "warp_diff": (
        "0.2 * d / (d + 0.003); d = RMS over the picture, in picture widths per frame, of the difference "
        "between the two presets' mesh deformation (waves, uneven zoom, stretch), from baseVals with "
        "butterchurn's defaults, before any equation runs (docs/adr/0007-pair-differences.md)"
    ),
    "cx_diff": (
        "0.2 * d / (d + 0.01); d = RMS over the picture, in picture widths per frame, of the difference "
        "between the two presets' mesh movement (zoom, rotation and shift about cx, cy), from baseVals with "
        "butterchurn's defaults, before any equation runs (docs/adr/0007-pair-differences.md)"
    ),
}


@dataclass(frozen=True)
class Displacement:
    """What a preset's parameters do to the picture in one frame; lengths in picture widths.

    Attributes:
        wave: RMS displacement by the travelling waves.
        wave_scale: their size, the parameter `warpscale`.
        wave_speed: their speed, the parameter `warpanimspeed`.
        bend: how much more the edge is zoomed than the middle, in (-1, 1).
        stretch_x: relative horizontal stretch.
        stretch_y: relative vertical stretch.
        zoom: relative shrinking, 1 - 1/zoom.
        turn: rotation, radians in [-pi, pi].
        shift_x: horizontal displacement of the middle of the picture.
        shift_y: vertical displacement of the middle of the picture.
    """

    wave: float
    wave_scale: float
    wave_speed: float
    bend: float
    stretch_x: float
    stretch_y: float
    zoom: float
    turn: float
    shift_x: float
    shift_y: float


def displacement(parameters: Mapping[str, float]) -> Displacement:
    """The displacement that `parameters` (a preset's `baseVals`) give, to first order."""
    value = {key: float(parameters.get(key, default)) for key, default in DEFAULTS.items()}
    zoom = _rate(value["zoom"])
    # zoom acts as zoom ** (zoomexp ** (2 r - 1)), r = 0 in the middle and 1 at the edge: to first order
    # the edge is displaced zoomexp times as far and the middle 1 / zoomexp times. Bounded: zoomexp
    # reaches 100, where one frame already throws everything out of the picture.
    exponent = max(value["zoomexp"], _TINY)
    bend = zoom * (exponent - 1.0 / exponent) / 2.0
    bend = bend / (1.0 + abs(bend))
    stretch_x, stretch_y = -_rate(value["sx"]), -_rate(value["sy"])
    turn = _wrapped(value["rot"])
    # Stretch and rotation act about (cx, cy): elsewhere than in the middle, they also move the middle.
    to_middle_x, to_middle_y = 0.5 - value["cx"], 0.5 - value["cy"]
    return Displacement(
        # Two waves on each axis, each of RMS amplitude / sqrt(2): 0.0035 warp per axis, sqrt(2) for both.
        wave=_WAVE * sqrt(2.0) * abs(value["warp"]),
        wave_scale=max(abs(value["warpscale"]), _TINY),
        wave_speed=max(abs(value["warpanimspeed"]), _TINY),
        bend=bend,
        stretch_x=stretch_x,
        stretch_y=stretch_y,
        zoom=zoom,
        turn=turn,
        shift_x=stretch_x * to_middle_x - turn * to_middle_y - value["dx"],
        shift_y=stretch_y * to_middle_y + turn * to_middle_x - value["dy"],
    )


def warp_diff(a: Displacement, b: Displacement) -> float:
    """How differently two presets deform the picture: in [0, 0.2), 0 for equal ones, symmetric."""
    # Two wave fields of RMS p and q with correlation c differ by sqrt(p^2 + q^2 - 2 c p q). Waves of
    # another size or speed are elsewhere after a moment, so the correlation falls with both ratios.
    alike = _ratio(a.wave_scale, b.wave_scale) * _ratio(a.wave_speed, b.wave_speed)
    waves = (a.wave - b.wave) * (a.wave - b.wave) + 2.0 * a.wave * b.wave * (1.0 - alike)
    # Over the unit square the mean of x^2 is 1/12, and of x^2 + y^2 1/6.
    bend = _squared(a.bend - b.bend) / 6.0
    stretch = (_squared(a.stretch_x - b.stretch_x) + _squared(a.stretch_y - b.stretch_y)) / 12.0
    return _squash(sqrt(waves + bend + stretch), WARP_KNEE)


def cx_diff(a: Displacement, b: Displacement) -> float:
    """How differently two presets move the picture: in [0, 0.2), 0 for equal ones, symmetric."""
    shift = _squared(a.shift_x - b.shift_x) + _squared(a.shift_y - b.shift_y)
    about_middle = (_squared(a.zoom - b.zoom) + _squared(_wrapped(a.turn - b.turn))) / 6.0
    return _squash(sqrt(shift + about_middle), CX_KNEE)


def _rate(factor: float) -> float:
    """Share of its distance that a point loses when the picture is scaled by `factor`."""
    return 1.0 - 1.0 / max(abs(factor), 0.01)


def _wrapped(angle: float) -> float:
    """`angle` in [-pi, pi]; real presets have -18.84 where they mean almost no turn."""
    turns = angle / (2.0 * _PI)
    return angle - 2.0 * _PI * (int(turns + 0.5) if turns >= 0 else int(turns - 0.5))


def _ratio(a: float, b: float) -> float:
    return min(a, b) / max(a, b)


def _squared(x: float) -> float:
    return x * x


def _squash(distance: float, knee: float) -> float:
    return FULL_SCALE * distance / (distance + knee)
