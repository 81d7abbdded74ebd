"""Settings of what is left out of a draw for what was measured: the group `select.filter`.

Convention: see `selector.settings`.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class FilterSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is never drawn, in any mode; by name it can still be asked for. What was not measured stays."""

    luma_min: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Measured pictures darker than this; 0 for none.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.0
    luma_max: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Measured pictures brighter than this; 1 for none.",
            extra={"unit": "", "hot": True},
        ),
    ] = 1.0
    motion_min: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Measured pictures that move less than this; 0 for none.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.0
    score_min: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Pairs of a quality01, presets of a predQualityScore below this; 0 for none.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.0
