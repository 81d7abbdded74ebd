"""Settings of the cue list: scenes for planned parts of a night, and the rules by which one ends."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from dsp.snapshot import Section
from selector.select_settings import Kind, Mode

_COLD = {"unit": "", "hot": False}


class Scene(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A planned part of the night; give `[[selector.scenes]]` again for each, in their order."""

    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=40,
            pattern=r"^[^\x00-\x1f\x7f]*$",
            description="What it is called; `cue` takes it.",
            extra=_COLD,
        ),
    ] = "scene"
    pack: Annotated[str, Meta(description="Pack to show; empty leaves it.", extra=_COLD)] = ""
    kind: Annotated[
        Kind | Literal[""], Meta(description="Pairs or presets; empty leaves it.", extra=_COLD)
    ] = ""
    mode: Annotated[Mode | Literal[""], Meta(description="How to choose; empty leaves it.", extra=_COLD)] = ""
    energy: Annotated[
        float,
        Meta(ge=-1.0, le=1.0, description="As the verb `energy`.", extra={"unit": "", "hot": False}),
    ] = 0.0
    calm: Annotated[bool, Meta(description="Only calm pictures.", extra=_COLD)] = False
    first: Annotated[
        str,
        Meta(
            description="What it begins with: the number of a pair, the id of a preset, or 'pack:number'; "
            "empty draws.",
            extra=_COLD,
        ),
    ] = ""
    min_dwell_sec: Annotated[
        float,
        Meta(
            ge=0.0,
            le=3600.0,
            description="Shortest stay in it, within the director's; 0 for that.",
            extra={"unit": "s", "hot": False},
        ),
    ] = 0.0
    max_dwell_sec: Annotated[
        float,
        Meta(
            ge=0.0,
            le=36000.0,
            description="Longest stay in it, within the director's; 0 for that.",
            extra={"unit": "s", "hot": False},
        ),
    ] = 0.0
    minutes: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1440.0,
            description="It is over after so long; 0 for no such end.",
            extra={"unit": "min", "hot": False},
        ),
    ] = 0.0
    until: Annotated[
        Section | Literal[""],
        Meta(
            description="It is over when the music comes to this section; empty for no such end.", extra=_COLD
        ),
    ] = ""
    least_minutes: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1440.0,
            description="But not before.",
            extra={"unit": "min", "hot": False},
        ),
    ] = 0.0
