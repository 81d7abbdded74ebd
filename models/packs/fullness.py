"""A guess, from the parameters alone, at how much of the picture a preset fills with light.

A foreground must leave room for its background: a bright, full one hides it completely. What a preset
looks like is only known by rendering it (`pack measure`); until then this score orders presets from
probably sparse and dark to probably full and bright. It is a heuristic. Its parts follow from how the
renderer works, their weights are judgement, and single presets will be placed wrongly.
"""

from __future__ import annotations

from models.packs.butterchurn import Preset

_DEFAULT_DECAY = 0.98
_DEFAULT_GAMMA = 2.0
_FULL_FRAME_TERMS = ("sampler_noise", "sampler_pw_noise", "sampler_noisevol", "rand_frame")


def fullness01(preset: Preset) -> float:
    """Score in 0..1: 0 probably sparse and dark, 1 probably full and bright.

    Fading pulls down, and so do the fixed-function filters that darken; shaders that feed noise into the
    whole picture, blur it, or light it up pull up.
    """
    values = preset.parameters
    warp, comp = preset.body["warp"], preset.body["comp"]
    score = 0.5

    # With a warp shader of its own the preset fades (or not) as the shader says, not by `decay`.
    if warp.strip():
        score += 0.15 if any(term in warp for term in _FULL_FRAME_TERMS) else 0.0
        score += 0.1 if "sampler_blur" in warp else 0.0
    else:
        decay = values.get("decay", _DEFAULT_DECAY)
        score += 0.1 if decay >= 1.0 else -0.2 * min((1.0 - decay) / 0.1, 1.0)

    # With a comp shader of its own, gamma and the filters below have no effect.
    if comp.strip():
        score += 0.1 if "sampler_blur" in comp else 0.0
        score -= 0.05 if "sampler_blur" not in comp and "sampler_noise" not in comp else 0.0
    else:
        gamma = values.get("gammaadj", _DEFAULT_GAMMA)
        score += 0.15 * (min(gamma, 4.0) - 2.0) / 2.0
        score += 0.15 if values.get("brighten") else 0.0
        score += 0.2 if values.get("invert") else 0.0
        score -= 0.15 if values.get("darken") else 0.0
        score -= 0.1 if values.get("solarize") else 0.0

    score -= 0.05 if values.get("darken_center") else 0.0
    score += 0.05 * min(_lit_shapes(preset), 3)
    return min(max(score, 0.0), 1.0)


def _lit_shapes(preset: Preset) -> int:
    """How many shapes are large and opaque enough to cover a good part of the picture."""
    large = 0
    for shape in preset.body["shapes"]:
        values = shape["baseVals"]
        radius, alpha = values.get("rad", 0.1), values.get("a", 1.0)
        large += bool(values.get("enabled")) and radius >= 0.4 and alpha >= 0.3
    return large
