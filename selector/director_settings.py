"""Settings of timing: the group `director`, when to show it. Convention: see `selector.settings`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Stay = tuple[Annotated[float, Meta(ge=0.0, le=36000.0)], Annotated[float, Meta(ge=0.0, le=36000.0)]]


def _stay(section: str) -> Meta:
    return Meta(description=f"In {section}.", extra={"unit": "s", "hot": True})


class SectionDwell(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shortest and longest stay in each section, within `min_dwell_sec` and `max_dwell_sec`; 0 for these."""

    silence: Annotated[Stay, _stay("silence")] = (20.0, 0.0)
    calm: Annotated[Stay, _stay("calm")] = (12.0, 0.0)
    groove: Annotated[Stay, _stay("a groove")] = (0.0, 0.0)
    build: Annotated[Stay, _stay("a build")] = (0.0, 0.0)
    drop: Annotated[Stay, _stay("a drop")] = (0.0, 24.0)
    peak: Annotated[Stay, _stay("a peak")] = (0.0, 30.0)
    breakdown: Annotated[Stay, _stay("a breakdown")] = (12.0, 0.0)


class DirectorSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When to show it. Limits first: `min_dwell_sec` binds every automatic change, `flash_gap_sec` all."""

    bar_quantum: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="Automatic changes fall on bars divisible by this.",
            extra={"unit": "bars", "hot": True},
        ),
    ] = 4
    beats_per_bar: Annotated[
        int,
        Meta(ge=1, le=16, description="Beats of a bar.", extra={"unit": "beats", "hot": True}),
    ] = 4
    min_dwell_sec: Annotated[
        float,
        Meta(
            ge=0.5,
            le=3600.0,
            description="Shortest stay of a picture, unless it failed or the operator says so.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 8.0
    max_dwell_sec: Annotated[
        float,
        Meta(
            ge=1.0,
            le=36000.0,
            description="Longest stay of a picture, unless held. Between the two the stay follows the "
            "intensity: the louder, the shorter.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 45.0
    beatless_sec: Annotated[
        float,
        Meta(
            ge=0.5,
            le=36000.0,
            description="Stay of a picture while no beat is trusted.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 20.0
    prepare_lead_sec: Annotated[
        float,
        Meta(
            ge=0.2,
            le=30.0,
            description="How long before an automatic change browsers are told to load.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 2.0
    next_lead_sec: Annotated[
        float,
        Meta(
            ge=0.2,
            le=0.9,
            description="The same for 'next', drops, replacements and the first picture.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 0.6
    announce_sec: Annotated[
        float,
        Meta(
            ge=0.02,
            le=0.5,
            description="How long before a change its corrected moment is announced.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 0.15
    fade_sec: Annotated[
        float,
        Meta(ge=0.0, le=30.0, description="Length of the cross-fade.", extra={"unit": "s", "hot": True}),
    ] = 1.2
    drop_fade_sec: Annotated[
        float,
        Meta(
            ge=0.0,
            le=30.0,
            description="Length of the cross-fade on a drop; 0 is a hard cut.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 0.0
    flash_gap_sec: Annotated[
        float,
        Meta(
            ge=0.34,
            le=10.0,
            description="Least time between two changes, whatever asks for them (photosensitive "
            "viewers: at most three flashes a second).",
            extra={"unit": "s", "hot": True},
        ),
    ] = 0.5
    section_wait_sec: Annotated[
        float,
        Meta(
            ge=0.5,
            le=60.0,
            description="A section change that cannot be followed within this time is let go.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 4.0
    energy_jump: Annotated[
        float,
        Meta(
            ge=0.01,
            le=1.0,
            description="Change of energy01 against its own recent past that calls for a change of picture.",
            extra={"unit": "", "hot": True},
        ),
    ] = 0.2
    energy_memory_sec: Annotated[
        float,
        Meta(
            ge=0.5,
            le=120.0,
            description="Length of that recent past (time constant).",
            extra={"unit": "s", "hot": True},
        ),
    ] = 8.0
    hard_cut_gap_sec: Annotated[
        float,
        Meta(
            ge=0.34,
            le=60.0,
            description="Least time between two hard cuts, whatever asks for them; one that comes sooner "
            "becomes a fade.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 4.0
    soft_fade_sec: Annotated[
        float,
        Meta(
            ge=0.25,
            le=10.0,
            description="Length of that fade.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 0.4
    drop_cooldown_sec: Annotated[
        float,
        Meta(
            ge=0.0,
            le=600.0,
            description="Least time between two drops that are answered.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 12.0
    drop_dwell_sec: Annotated[
        float,
        Meta(
            ge=0.5,
            le=3600.0,
            description="Shortest stay of a picture that ends with a drop for which another one was loaded.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 3.0
    energy_cooldown_sec: Annotated[
        float,
        Meta(
            ge=0.0,
            le=600.0,
            description="Least time between two changes of energy that are answered.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 16.0
    arm_after_sec: Annotated[
        float,
        Meta(
            ge=0.0,
            le=120.0,
            description="So long after a breakdown has begun the picture for the drop is loaded; with a "
            "build at once. From then on nothing else changes until it drops.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 6.0
    until_drop_sec: Annotated[
        float,
        Meta(
            ge=1.0,
            le=3600.0,
            description="A hold until the drop ends after so long even if it does not drop.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 300.0
    silence_sec: Annotated[
        float,
        Meta(
            ge=1.0,
            le=3600.0,
            description="After so much silence a calm picture comes, and another one when the music is back.",
            extra={"unit": "s", "hot": True},
        ),
    ] = 8.0
    dwell: SectionDwell = SectionDwell()
