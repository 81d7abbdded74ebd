"""What outlives a session: bans, likings, quarantine. The shell keeps it and gives it to the next one."""

from __future__ import annotations

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from selector.catalog import Item
from selector.liking import Liked
from selector.quarantine import Detention, Strikes


class Memory(Struct, frozen=True, rename="camel", kw_only=True):
    """As the fields of `ResumeState`; `quarantine` counts samples from the start of the session."""

    banned: tuple[Item, ...] = ()
    liked: tuple[Liked, ...] = ()
    quarantine: tuple[Detention, ...] = ()
    strikes: tuple[Strikes, ...] = ()

    def counted_from(self, sample: int) -> Memory:
        """The same at `sample` of the session, from where quarantine counts then."""
        held = (Detention(d.item, d.reason, d.until_sample - sample) for d in self.quarantine)
        return replace(self, quarantine=tuple(d for d in held if d.until_sample > 0))


# Learnt while one thread imports: threads that meet a type for the first time together crash msgspec 0.22.
msgspec.json.Decoder(Memory)
