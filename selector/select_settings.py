"""Settings of choosing: the group `select`, what to show.

Grouped as the weights are: what is drawn and how, the factors of `weights`, the intensity they follow,
and the published formula. Convention: see `selector.settings`.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct, field

from dsp.snapshot import Section
from selector.filter_settings import FilterSettings
from selector.style_settings import SceneSettings, Share, StyleSettings
from selector.variety_settings import VarietySettings

Kind: TypeAlias = Literal["pair", "preset"]
Mode: TypeAlias = Literal["weighted", "random", "shuffle", "public_v0"]
QualityScale: TypeAlias = Literal["raw", "rank", "softmax"]


class SelectSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to show: the weights of the draw. A factor of 1 changes nothing, 0 excludes."""

    kind: Annotated[
        Kind,
        Meta(
            description="What is shown: pairs of presets in two layers, or single presets.",
            extra={"unit": "", "hot": True},
        ),
    ] = "pair"
    mode: Annotated[
        Mode,
        Meta(
            description="How it is drawn: 'weighted' by the sound, uniformly 'random', 'shuffle' (all "
            "of them once a cycle), or 'public_v0', the published formula of newliveweb.",
            extra={"unit": "", "hot": True},
        ),
    ] = "weighted"
    pack: Annotated[
        str,
        Meta(
            description="Pack to start with; empty takes the first by name.", extra={"unit": "", "hot": False}
        ),
    ] = ""
    sigma: Annotated[
        float,
        Meta(
            ge=0.01,
            le=10.0,
            description="How far, as a share of the pack, the strength of a pair may lie from the "
            "intensity of the sound before its weight falls to 0.61.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.12
    explore: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Exploration floor: the share of weight that everything gets, however badly it fits.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.03
    quality_floor: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Weight of quality 0; quality 1 has 1, and an unknown quality has 1.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.2
    quality_scale: Annotated[
        QualityScale,
        Meta(
            description="Quality as scored ('raw'); as its rank in the pack ('rank'), which spreads "
            "scores that lie close together; or 'softmax': exp((quality - best of the pack) / T).",
            extra={"unit": "", "hot": True},
        ),
    ] = "raw"
    quality_temperature: Annotated[
        float,
        Meta(
            ge=0.001,
            le=10.0,
            description="T of 'softmax': the distance from the best quality at which e times less is left.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.05
    last_pick_factor: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Weight factor of what is on screen now.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.0
    window: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            description="How many recent picks are remembered against repetition; never more than half "
            "of the pack.",
            extra={"unit": "picks", "hot": True},
        ),
    ] = 12
    window_factor: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Weight factor of the pick before the last; it recovers to 1 along the window.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.25
    visible_floor: Annotated[
        dict[Section, Share],
        Meta(
            description="By section: pairs of a strength rank below this hardly show an effect; no limit "
            "in sections that are not named.",
            extra={"unit": "", "hot": True},
        ),
    ] = field(default_factory=lambda: {"groove": 0.12, "build": 0.12, "drop": 0.12, "peak": 0.12})
    visible_factor: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Weight factor of a pair of strength rank 0, warp_diff 0 or cx_diff 0 there; it "
            "rises to 1 at the floor.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.4
    warp_min: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="In groove, build, drop and peak: a warp_diff below this hardly shows, whatever the "
            "rest of the pack has; 0 for no limit.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.0
    cx_min: Annotated[
        float,
        Meta(ge=0.0, le=1.0, description="The same for cx_diff.", extra={"unit": "", "hot": True}),
    ] = 0.0
    too_strong_ceiling: Annotated[
        dict[Section, Share],
        Meta(
            description="By section: pairs of a strength rank above this are too strong; no limit in "
            "sections that are not named.",
            extra={"unit": "", "hot": True},
        ),
    ] = field(default_factory=lambda: {"silence": 0.7, "calm": 0.7, "breakdown": 0.7})
    too_strong_factor: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Weight factor of a pair of strength rank 1 there; it rises to 1 at the ceiling.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.2
    luma_min: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Measured pictures darker than this lose weight.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.08
    luma_max: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Measured pictures brighter than this lose weight.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.85
    motion_min: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="In groove, build, drop and peak: measured pictures that move less than this "
            "lose weight.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.002
    measured_tolerance: Annotated[
        float,
        Meta(
            ge=0.01,
            le=10.0,
            description="How gently: by this share beyond a limit the factor has fallen to its least.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.5
    measured_factor: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Least weight factor of a picture outside the limits, and factor of one of tier"
            " 'dark' in groove, build, drop and peak.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.2
    variety_reach: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Difference in strength rank from what is on screen that counts as a change.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.12
    variety_factor: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Weight factor of something of exactly the strength of what is on screen.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.7
    energy_weight: Annotated[
        float,
        Meta(
            ge=0.0, le=1.0, description="Share of energy01 in the intensity.", extra={"unit": "", "hot": True}
        ),
    ] = 0.75
    accent_weight: Annotated[
        float,
        Meta(
            ge=0.0, le=1.0, description="Share of accent01 in the intensity.", extra={"unit": "", "hot": True}
        ),
    ] = 0.15
    pulse_weight: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Share of beatPulse01 in the intensity; 0 while the beat is not trusted.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.1
    intensity_sec: Annotated[
        float,
        Meta(
            ge=0.0,
            le=30.0,
            description="Over how long the intensity follows the sound (time constant): about a bar.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 2.0
    energy_low: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="energy01 that counts as no intensity (the snapshot never goes below 0.35).",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.35
    energy_high: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="energy01 that counts as full intensity (the snapshot never goes above 0.88).",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.88
    drop_intensity: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Least intensity of a pick made for a drop.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.85
    calm_intensity: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Greatest intensity of a pick made for a breakdown or by 'calm'.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.25
    quarantine_sec: Annotated[
        float,
        Meta(
            ge=1.0,
            le=86400.0,
            description="How long something that failed or stayed dark is not shown again.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 600.0
    public_gamma: Annotated[
        float,
        Meta(
            ge=0.0,
            le=16.0,
            description="public_v0: exponent of quality (an unknown quality is 0.5).",
            extra={"unit": "", "hot": True},
        ),
    ] = 1.0
    public_explore: Annotated[
        float,
        Meta(
            ge=0.0, le=1.0, description="public_v0: share of uniform weight.", extra={"unit": "", "hot": True}
        ),
    ] = 0.0
    public_dedup_n: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            description="public_v0: how many recent picks are penalised.",
            extra={"unit": "picks", "hot": True},
        ),
    ] = 0
    public_dedup_penalty: Annotated[
        float,
        Meta(
            ge=0.0, le=1.0, description="public_v0: weight taken from them.", extra={"unit": "", "hot": True}
        ),
    ] = 0.0
    filter: FilterSettings = FilterSettings()
    variety: VarietySettings = VarietySettings()
    style: StyleSettings = field(default_factory=StyleSettings)
    scene: SceneSettings = field(default_factory=SceneSettings)
