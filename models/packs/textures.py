"""Textures that butterchurn has, and which of a preset's it lacks.

butterchurn 3 declares a fixed set of samplers. A shader that names another one gets the picture of a
cloud in its place, or, where it also asks for that texture's size, does not link at all. Either way the
author's picture is not what is shown, so such presets stay out of packs.
"""

from __future__ import annotations

import re

from models.packs.butterchurn import Preset

BUILT_IN = frozenset(
    {
        *("main", "fw_main", "fc_main", "pw_main", "pc_main"),
        *("blur1", "blur2", "blur3"),
        *("noise_lq", "noise_lq_lite", "noise_mq", "noise_hq", "pw_noise_lq"),
        *("noisevol_lq", "noisevol_hq"),
    }
)
"""Names after `sampler_` that butterchurn 3.0.0-beta.5 declares itself (its warp and comp headers)."""

_NAMED = re.compile(r"\b(?:sampler|texsize)_(\w+)")


def missing_textures(preset: Preset) -> list[str]:
    """Names of the textures that the preset's shaders use and butterchurn has not, sorted."""
    used = {name for key in ("warp", "comp") for name in _NAMED.findall(preset.body[key])}
    return sorted(used - BUILT_IN)
