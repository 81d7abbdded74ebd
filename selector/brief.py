"""The brief of a pick: what to choose from, what for, and the reason that its record will give."""

from __future__ import annotations

from msgspec import Struct

from dsp.snapshot import ExpressiveAudioSnapshot, Section
from selector.catalog import Table
from selector.choice import Situation
from selector.intensity import Aim
from selector.intents import Want
from selector.settings import SelectSettings
from selector.show import Show
from selector.style import wanted_band, wanted_style


class Brief(Struct, frozen=True, kw_only=True):
    """All that a draw is given. `pinned`: one thing only is asked for, because of a pin."""

    table: Table
    situation: Situation
    reason: str
    pinned: bool


def brief(show: Show, want: Want, snapshot: ExpressiveAudioSnapshot, settings: SelectSettings) -> Brief:
    """What `want` comes down to, with the sound and the show as they are.

    A pin that may no longer be shown is dropped on the way.
    """
    intents = show.intents
    asked = want.item or intents.usable_pin(show.quarantine)
    pinned = want.item is None and asked is not None
    table = show.table_for(asked)
    aim = "calm" if show.calm(snapshot.t_samples) else want.aim
    deaf = intents.mode == "weighted" and not snapshot.audio_valid and aim != "calm"
    section = _section_of(aim, snapshot)
    intensity = show.intensity.micro(intents.energy_bias, aim, snapshot)
    return Brief(
        table=table,
        situation=Situation(
            mode="random" if deaf else intents.mode,
            section=section,
            intensity=intensity,
            shown=show.shown_index(table),
            shown_strength=show.shown_strength(table),
            recent=show.history.recent(table, _memory(settings)),
            quarantined=table.indices(show.shut_out),
            banned=table.indices(intents.banned),
            rating=intents.liking.factors(table),
            asked=None if asked is None else table.index_of[asked.ident],
            unshown=table.indices([show.unshown] if show.unshown and asked is None else []),
            style=wanted_style(section, intensity, settings.style),
            band=wanted_band(snapshot),
        ),
        reason="pinned" if pinned else "fallback:no-audio" if deaf and asked is None else want.reason,
        pinned=pinned,
    )


def _section_of(aim: Aim, snapshot: ExpressiveAudioSnapshot) -> Section:
    """The section a pick is made for: the coming one when the music announced it."""
    return snapshot.section if aim == "follow" else aim


def _memory(settings: SelectSettings) -> int:
    """How many recent picks may matter."""
    v = settings.variety
    return max(settings.window, settings.public_dedup_n, v.author_picks, v.family_picks, v.look_picks)
