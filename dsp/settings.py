"""Settings of the analyser, annotated as `daemon.settings` describes (description, unit, range, hot).

Every key changes what is heard; none is there for show.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from dsp.errors import SettingsError

Octave = Literal["music", "slow", "fast"]


class DspSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the music is heard."""

    sensitivity_db: Annotated[
        float,
        Meta(
            ge=-24.0,
            le=24.0,
            description="Manual gain on top of the automatic one. Also moves the squelch: more gain hears quieter sound.",
            extra={"unit": "dB", "hot": True},
        ),
    ] = 0.0
    squelch_db: Annotated[
        float,
        Meta(
            ge=-90.0,
            le=-20.0,
            description="Sound below this level counts as silence: no beats, no onsets, automatic gain frozen.",
            extra={"unit": "dBFS", "hot": False},
        ),
    ] = -56.0
    squelch_depth_db: Annotated[
        float,
        Meta(
            ge=0.0,
            le=30.0,
            description="How far below the squelch quiet music is still heard, where it moves as noise does not; 0 for never.",
            extra={"unit": "dB", "hot": False},
        ),
    ] = 20.0
    silence_ms: Annotated[
        int,
        Meta(
            ge=100,
            le=900,
            description="How long the level must stay below the squelch until the sound is called silent.",
            extra={"unit": "ms", "hot": False},
        ),
    ] = 900
    agc_max_db: Annotated[
        float,
        Meta(
            ge=0.0,
            le=60.0,
            description="Most the automatic gain may amplify; 0 with agc_min_db = 0 switches it off.",
            extra={"unit": "dB", "hot": False},
        ),
    ] = 54.0
    agc_min_db: Annotated[
        float,
        Meta(
            ge=-24.0,
            le=0.0,
            description="Most the automatic gain may attenuate.",
            extra={"unit": "dB", "hot": False},
        ),
    ] = -12.0
    agc_rise_db_s: Annotated[
        float,
        Meta(
            gt=0.0,
            le=40.0,
            description="Fastest rise of the automatic gain.",
            extra={"unit": "dB/s", "hot": False},
        ),
    ] = 8.0
    agc_fall_db_s: Annotated[
        float,
        Meta(
            gt=0.0,
            le=80.0,
            description="Fastest fall of the automatic gain.",
            extra={"unit": "dB/s", "hot": False},
        ),
    ] = 24.0
    agc_forget_db_min: Annotated[
        float,
        Meta(
            ge=0.0,
            le=60.0,
            description="How fast the automatic gain forgets louder music: the slower, the longer a calm track stays calm beside it.",
            extra={"unit": "dB/min", "hot": False},
        ),
    ] = 1.0
    onset_gap_ms: Annotated[
        int,
        Meta(
            ge=20,
            le=250,
            description="Shortest time between two onsets of one kind.",
            extra={"unit": "ms", "hot": False},
        ),
    ] = 40
    beat_engine: Annotated[
        Literal["internal", "aubio"],
        Meta(
            description='Who finds the beats: "internal", or "aubio" (extra `aivjd[aubio]`). With aubio a session replays to the same bytes on the machine that recorded it, not on every other.',
            extra={"unit": "", "hot": False},
        ),
    ] = "internal"
    tempo_min_bpm: Annotated[
        int,
        Meta(ge=40, le=120, description="Slowest tempo looked for.", extra={"unit": "BPM", "hot": False}),
    ] = 56
    tempo_max_bpm: Annotated[
        int,
        Meta(ge=100, le=240, description="Fastest tempo looked for.", extra={"unit": "BPM", "hot": False}),
    ] = 200
    tempo_octave: Annotated[
        Octave,
        Meta(
            description="Which beats count: those the music suggests, or always the slow (at most 100 BPM) or the fast ones.",
            extra={"unit": "", "hot": False},
        ),
    ] = "music"
    beat_lead_ms: Annotated[
        int,
        Meta(
            ge=50,
            le=250,
            description="How long before it falls a beat is announced; later corrections reach the next beat only.",
            extra={"unit": "ms", "hot": False},
        ),
    ] = 60
    beat_trust_enter: Annotated[
        float,
        Meta(
            ge=0.05,
            le=1.0,
            description="Confidence that must hold for 1.5 s before the beat is trusted.",
            extra={"unit": "", "hot": False},
        ),
    ] = 0.6
    beat_trust_leave: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Confidence below which the beat is not trusted any more.",
            extra={"unit": "", "hot": False},
        ),
    ] = 0.4
    beat_trust_stability: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Tempo stability that a trusted beat must have as well.",
            extra={"unit": "", "hot": False},
        ),
    ] = 0.65
    freerun_s: Annotated[
        float,
        Meta(
            ge=0.0,
            le=60.0,
            description="How long a locked beat goes on through a passage without beats.",
            extra={"unit": "s", "hot": False},
        ),
    ] = 24.0
    bar_trust: Annotated[
        float,
        Meta(
            ge=0.05,
            le=1.0,
            description="How sure the place in the bar must be before it is trusted: a mean of its probability over two seconds.",
            extra={"unit": "", "hot": False},
        ),
    ] = 0.9
    clock_first: Annotated[
        bool,
        Meta(
            description="Whether Link, MIDI clock and OS2L go before a beat that is heard and trusted; else they step in where none is.",
            extra={"unit": "", "hot": False},
        ),
    ] = False
    clock_hold_s: Annotated[
        float,
        Meta(
            ge=0.0,
            le=60.0,
            description="How long something more trusted must be good before the beat goes back to it; something less trusted steps in at once.",
            extra={"unit": "s", "hot": False},
        ),
    ] = 2.0
    tap_hold_s: Annotated[
        float,
        Meta(
            ge=0.0,
            le=3600.0,
            description="How long a tapped tempo goes on where no beat is heard and no clock runs.",
            extra={"unit": "s", "hot": False},
        ),
    ] = 60.0
    internal_bpm: Annotated[
        float,
        Meta(
            ge=0.0,
            le=240.0,
            description="Tempo of the clock of last resort, which is never trusted; it goes on from the last beat if there was one just now. 0 for none, 30 at the least.",
            extra={"unit": "BPM", "hot": False},
        ),
    ] = 0.0
    section_groove: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Section intensity above which the music is in a groove; below it, calm.",
            extra={"unit": "", "hot": False},
        ),
    ] = 0.35
    section_peak: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Section intensity above which the music is at its peak.",
            extra={"unit": "", "hot": False},
        ),
    ] = 0.68
    section_hold_s: Annotated[
        float,
        Meta(
            ge=0.2,
            le=16.0,
            description="How long a new section must be in evidence before it is announced; a drop is announced at once.",
            extra={"unit": "s", "hot": False},
        ),
    ] = 1.2

    def __post_init__(self) -> None:
        """Refuse pairs that contradict each other."""
        if 0.0 < self.internal_bpm < 30.0:
            raise SettingsError("too slow", where="dsp.internal_bpm", fix="use 30 or more, or 0 for none")
        for low, high in (
            ("tempo_min_bpm", "tempo_max_bpm"),
            ("beat_trust_leave", "beat_trust_enter"),
            ("section_groove", "section_peak"),
        ):
            if not getattr(self, low) < getattr(self, high):
                raise SettingsError(
                    f"not below dsp.{high}", where=f"dsp.{low}", fix="lower the one or raise the other"
                )
