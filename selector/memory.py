"""What outlives a session: bans, likings, quarantine, the cue. The shell keeps it for the next one."""

from __future__ import annotations

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from selector.catalog import Item
from selector.cues import CuePlace
from selector.liking import Liked
from selector.quarantine import Detention, Strikes


class Memory(Struct, frozen=True, rename="camel", kw_only=True):
    """As the fields of `ResumeState`; `quarantine` counts samples from the start of the session."""

    banned: tuple[Item, ...] = ()
    liked: tuple[Liked, ...] = ()
    quarantine: tuple[Detention, ...] = ()
    strikes: tuple[Strikes, ...] = ()
    cue: CuePlace | None = None

    def counted_from(self, sample: int) -> Memory:
        """The same at `sample` of the session, from where quarantine counts then."""
        held = (Detention(d.item, d.reason, d.until_sample - sample) for d in self.quarantine)
        cue = None if self.cue is None else replace(self.cue, since=self.cue.since - sample)
        return replace(self, quarantine=tuple(d for d in held if d.until_sample > 0), cue=cue)


# Learnt while one thread imports: threads that meet a type for the first time together crash msgspec 0.22.
msgspec.json.Decoder(Memory)
