"""Names of parameters as MilkDrop writes them, in its order: its own reader takes any, people do not."""

from __future__ import annotations

_WRITTEN = """
MILKDROP_PRESET_VERSION PSVERSION PSVERSION_WARP PSVERSION_COMP
fRating fGammaAdj fDecay fVideoEchoZoom fVideoEchoAlpha nVideoEchoOrientation nWaveMode bAdditiveWaves
bWaveDots bWaveThick bModWaveAlphaByVolume bMaximizeWaveColor bTexWrap bDarkenCenter bRedBlueStereo
bBrighten bDarken bSolarize bInvert fWaveAlpha fWaveScale fWaveSmoothing fWaveParam fModWaveAlphaStart
fModWaveAlphaEnd fWarpAnimSpeed fWarpScale fZoomExponent fShader zoom rot cx cy dx dy warp sx sy
wave_r wave_g wave_b wave_x wave_y ob_size ob_r ob_g ob_b ob_a ib_size ib_r ib_g ib_b ib_a
nMotionVectorsX nMotionVectorsY mv_dx mv_dy mv_l mv_r mv_g mv_b mv_a
b1n b2n b3n b1x b2x b3x b1ed bMotionVectorsOn
enabled samples sep bSpectrum bUseDots bDrawThick bAdditive scaling smoothing
sides additive thickOutline textured num_inst x y rad ang tex_ang tex_zoom
r g b a r2 g2 b2 a2 border_r border_g border_b border_a
"""
_NAMES = _WRITTEN.split()

SPELLING = {name.lower(): name for name in _NAMES}
ORDER = {name.lower(): place for place, name in enumerate(_NAMES)}
