"""Names of parameters in MilkDrop files and in butterchurn, and what butterchurn has at all.

MilkDrop's Hungarian names lose their prefix; the rest are irregular. What butterchurn does not know is left
out of a converted preset.
"""

from __future__ import annotations

from collections.abc import Mapping

_PRESET = {
    "frating": "rating",
    "fgammaadj": "gammaadj",
    "fdecay": "decay",
    "fvideoechozoom": "echo_zoom",
    "fvideoechoalpha": "echo_alpha",
    "nvideoechoorientation": "echo_orient",
    "nwavemode": "wave_mode",
    "badditivewaves": "additivewave",
    "bwavedots": "wave_dots",
    "bwavethick": "wave_thick",
    "bmodwavealphabyvolume": "modwavealphabyvolume",
    "bmaximizewavecolor": "wave_brighten",
    "btexwrap": "wrap",
    "bdarkencenter": "darken_center",
    "bredbluestereo": "red_blue",
    "bbrighten": "brighten",
    "bdarken": "darken",
    "bsolarize": "solarize",
    "binvert": "invert",
    "fwavealpha": "wave_a",
    "fwavescale": "wave_scale",
    "fwavesmoothing": "wave_smoothing",
    "fwaveparam": "wave_mystery",
    "fmodwavealphastart": "modwavealphastart",
    "fmodwavealphaend": "modwavealphaend",
    "fwarpanimspeed": "warpanimspeed",
    "fwarpscale": "warpscale",
    "fzoomexponent": "zoomexp",
    "nmotionvectorsx": "mv_x",
    "nmotionvectorsy": "mv_y",
}
_PRESET_SAME = (
    "fshader zoom rot cx cy dx dy warp sx sy wave_r wave_g wave_b wave_x wave_y ob_size ob_r ob_g ob_b ob_a "
    "ib_size ib_r ib_g ib_b ib_a mv_x mv_y mv_dx mv_dy mv_l mv_r mv_g mv_b mv_a "
    "b1n b2n b3n b1x b2x b3x b1ed bmotionvectorson"
)
_SHAPE = {"instances": "num_inst", "num_instances": "num_inst"}
_SHAPE_SAME = (
    "enabled sides additive thickoutline textured num_inst x y rad ang tex_ang tex_zoom "
    "r g b a r2 g2 b2 a2 border_r border_g border_b border_a"
)
_WAVE = {"bspectrum": "spectrum", "busedots": "usedots", "bdrawthick": "thick", "badditive": "additive"}
_WAVE_SAME = "enabled samples sep scaling smoothing r g b a spectrum usedots thick additive"


def _with_same(renamed: Mapping[str, str], same: str) -> dict[str, str]:
    return {name: name for name in same.split()} | dict(renamed)


PRESET_NAMES = _with_same(_PRESET, _PRESET_SAME)
SHAPE_NAMES = _with_same(_SHAPE, _SHAPE_SAME)
WAVE_NAMES = _with_same(_WAVE, _WAVE_SAME)


def renamed(values: Mapping[str, float], names: Mapping[str, str]) -> dict[str, float]:
    """`values` under butterchurn's names; where two names mean one parameter, the first counts."""
    out: dict[str, float] = {}
    for name, value in values.items():
        if name in names:
            out.setdefault(names[name], int(value) if value.is_integer() else value)
    return out
