"""Settings of the decider: what to show (`select`), when (`director`), and what if it fails (`loop`).

Same convention as `daemon.settings`: every field carries its range, meaning, unit and whether it is
hot (may change while running). An absent key means the default given there, never 0.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field
from msgspec.structs import asdict

from selector.director_settings import DirectorSettings
from selector.loop_settings import LoopSettings
from selector.scene_settings import Scene
from selector.select_settings import Kind, Mode, SelectSettings

__all__ = ["DirectorSettings", "Kind", "LoopSettings", "Mode", "SelectSettings", "SelectorSettings"]


class SelectorSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All groups."""

    select: SelectSettings = field(default_factory=SelectSettings)
    director: DirectorSettings = field(default_factory=DirectorSettings)
    loop: LoopSettings = field(default_factory=LoopSettings)
    scenes: Annotated[
        tuple[Scene, ...],
        Meta(description="The cue list: planned parts of the night.", extra={"unit": "", "hot": False}),
    ] = ()

    def __post_init__(self) -> None:
        """Raises ValueError where two keys contradict each other."""
        d, s = self.director, self.select
        if s.quarantine_sec > self.loop.quarantine_max_sec:
            raise ValueError(
                f"select.quarantine_sec ({s.quarantine_sec}) exceeds loop.quarantine_max_sec "
                f"({self.loop.quarantine_max_sec})."
            )
        if d.min_dwell_sec > d.max_dwell_sec:
            raise ValueError(
                f"director.min_dwell_sec ({d.min_dwell_sec}) exceeds max_dwell_sec ({d.max_dwell_sec})."
            )
        if d.flash_gap_sec > d.min_dwell_sec:
            raise ValueError(
                f"director.flash_gap_sec ({d.flash_gap_sec}) exceeds min_dwell_sec ({d.min_dwell_sec})."
            )
        for section, (low, high) in asdict(d.dwell).items():
            if high and low > high:
                raise ValueError(
                    f"director.dwell.{section}: the shortest stay ({low}) exceeds the longest ({high})."
                )
        names = [scene.name for scene in self.scenes]
        if len(set(names)) != len(names):
            raise ValueError("two scenes have the same name; give each its own.")
        if s.energy_low >= s.energy_high:
            raise ValueError(
                f"select.energy_low ({s.energy_low}) is not below select.energy_high ({s.energy_high})."
            )
