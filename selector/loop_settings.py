"""Settings of the closed loop: what follows from what browsers answer and report."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class LoopSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What follows when a picture fails, stays dark or stands still; see `select.quarantine_sec`, too."""

    quarantine_max_sec: Annotated[
        float,
        Meta(
            ge=1.0,
            le=604800.0,
            description="Each further failure doubles `select.quarantine_sec`, up to this; a picture that "
            "was seen well since begins anew.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 28800.0
    suspect_after: Annotated[
        int,
        Meta(
            ge=2,
            le=20,
            description="So many different pictures failed in a row on one browser are the browser's fault: "
            "its word counts again when it shows something.",
            extra={"unit": "pictures", "hot": True},
        ),
    ] = 3
    doubt_sec: Annotated[
        float,
        Meta(
            ge=0.0,
            le=3600.0,
            description="How long a picture is left out that failed while nobody knows whose fault it was.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 60.0
    dark_sec: Annotated[
        float,
        Meta(
            ge=0.2,
            le=60.0,
            description="A picture that every stage reports dark for so long is replaced. Stages report a "
            "dark picture every 0.4 s.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 0.7
    dark_luma: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Luma below which a report counts as dark.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.02
    frozen_sec: Annotated[
        float,
        Meta(
            ge=1.0,
            le=600.0,
            description="A picture that every stage reports without any motion for so long is replaced.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 6.0
    frozen_motion: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Motion below which a report counts as frozen.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.00002
    answer_sec: Annotated[
        float,
        Meta(
            ge=0.2,
            le=60.0,
            description="A picture that no stage says it shows so long after its moment is replaced; where "
            "stages are known to take longer, twice as long as they take.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 1.2
