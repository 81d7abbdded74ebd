"""Settings of variety: the group `select.variety`, what is akin to what was just shown.

Convention: see `selector.settings`.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class VarietySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is akin to the last picks loses weight, most for the last of them; 1 or no picks: never."""

    author_picks: Annotated[
        int,
        Meta(
            ge=0,
            le=64,
            description="How many recent picks count against another of the same author.",
            extra={"unit": "picks", "hot": True},
        ),
    ] = 3
    author_factor: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Weight factor of what is by the author of the last pick; it recovers to 1 along "
            "`author_picks`.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.6
    family_picks: Annotated[
        int,
        Meta(
            ge=0,
            le=64,
            description="How many recent picks count against a near-duplicate: the same title in another "
            "version.",
            extra={"unit": "picks", "hot": True},
        ),
    ] = 12
    family_factor: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Weight factor of a near-duplicate of the last pick; it recovers to 1 along "
            "`family_picks`.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.15
    look_picks: Annotated[
        int,
        Meta(
            ge=0,
            le=64,
            description="How many recent picks count against what looks like them: about the eight that are "
            "nearest in measured luma and motion.",
            extra={"unit": "picks", "hot": True},
        ),
    ] = 3
    look_factor: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Weight factor of what looks like the last pick; it recovers to 1 along "
            "`look_picks`.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.5
