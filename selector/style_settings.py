"""Settings of style and scene: the groups `select.style` and `select.scene`.

Convention: see `selector.settings`. Thresholds and profiles are those of the app's style policy.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct, field

from dsp.snapshot import Section

Style: TypeAlias = Literal["calm", "groove", "peak"]
Share: TypeAlias = Annotated[float, Meta(ge=0.0, le=1.0)]


class StyleSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which style and band suits the sound; what has neither suits every sound."""

    calm_max: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Intensity up to which 'calm' is wanted.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.42
    groove_max: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Intensity up to which 'groove' is wanted; above it, 'peak'.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.72
    sections: Annotated[
        dict[Section, Style],
        Meta(
            description="Sections that want a style whatever their intensity.",
            extra={"unit": "", "hot": True},
        ),
    ] = field(
        default_factory=lambda: {"silence": "calm", "calm": "calm", "breakdown": "calm", "drop": "peak"}
    )
    profile: Annotated[
        str,
        Meta(
            description="Kind of night, one of `profiles`, which wants one style throughout; empty follows "
            "the sound.",
            extra={"unit": "", "hot": True},
        ),
    ] = ""
    profiles: Annotated[
        dict[str, Style],
        Meta(description="Style of each kind of night.", extra={"unit": "", "hot": True}),
    ] = field(
        default_factory=lambda: {
            "ambient": "calm",
            "drone": "calm",
            "dub": "groove",
            "videoVj": "groove",
            "peakRave": "peak",
        }
    )
    near_factor: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Weight factor of a style next to the one wanted.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.5
    far_factor: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Weight factor of 'peak' where 'calm' is wanted, and the other way round.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.15
    band_factor: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Weight factor of a band (low, mid, high) that is not the strongest of the sound.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.85
    same_author_chance: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Chance that a preset by the author of the one on screen follows, where there is "
            "one (the app's policy: 1).",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.0


class SceneSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How bright and how lively a section likes its pictures, measured; others lose weight."""

    luma: Annotated[
        dict[Section, Share],
        Meta(
            description="Rank of measured luma in the pack that suits a section; sections that are not named "
            "take any.",
            extra={"unit": "", "hot": True},
        ),
    ] = field(
        default_factory=lambda: {"silence": 0.3, "calm": 0.3, "breakdown": 0.3, "drop": 0.7, "peak": 0.7}
    )
    motion: Annotated[
        dict[Section, Share],
        Meta(
            description="The same for measured motion of pairs (of presets it is their strength already).",
            extra={"unit": "", "hot": True},
        ),
    ] = field(
        default_factory=lambda: {"silence": 0.2, "calm": 0.2, "breakdown": 0.2, "drop": 0.8, "peak": 0.8}
    )
    reach: Annotated[
        float,
        Meta(
            ge=0.01,
            le=1.0,
            description="Distance in rank at which the factor has fallen to its least.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.6
    factor: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="That least, of luma and of motion each.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.6
