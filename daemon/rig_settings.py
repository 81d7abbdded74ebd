"""Settings of what else a rig may have: other clocks, and lights without OSC. All of it is off by default."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field


class LinkSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ableton Link (extra `aivjd[link]`)."""

    mode: Annotated[
        Literal["off", "follow", "lead"],
        Meta(
            description="'follow' joins a Link session and never changes its tempo; 'lead' sets tempo and bar of the session, for everybody in it, to the beat that is heard and trusted.",
            extra={"unit": "", "hot": False},
        ),
    ] = "off"
    quantum: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="Beats of a bar. Link does not share it: set what the others use.",
            extra={"unit": "beats", "hot": False},
        ),
    ] = 4
    offset_ms: Annotated[
        float,
        Meta(
            ge=-500,
            le=500,
            description="Beats fall so much after Link's; below 0 before them.",
            extra={"unit": "ms", "hot": False},
        ),
    ] = 0.0
    offset_beats: Annotated[
        float,
        Meta(
            ge=-64,
            le=64,
            description="We are so many beats further in the bar than Link says.",
            extra={"unit": "beats", "hot": False},
        ),
    ] = 0.0


class MidiSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """MIDI clock, in and out (extra `aivjd[midi]`)."""

    api: Annotated[
        Literal["auto", "alsa", "jack", "core", "windows"],
        Meta(
            description="Which MIDI system; 'auto' takes the first that works.",
            extra={"unit": "", "hot": False},
        ),
    ] = "auto"
    clock_in: Annotated[
        str,
        Meta(
            max_length=200,
            description="Port that MIDI clock comes from: its name or part of it, or 'virtual' for a port of our own that others connect to; empty for none.",
            extra={"unit": "", "hot": False},
        ),
    ] = ""
    clock_out: Annotated[
        str,
        Meta(
            max_length=200,
            description="The same for MIDI clock that we send, with start on a trusted downbeat and stop when the beat is gone.",
            extra={"unit": "", "hot": False},
        ),
    ] = ""
    control_in: Annotated[
        str,
        Meta(
            max_length=200,
            description="The same for pads and knobs; `verbs` says what they do.",
            extra={"unit": "", "hot": False},
        ),
    ] = ""
    verbs: Annotated[
        dict[str, str],
        Meta(
            description="Notes and controllers, on any channel, and the verb of each as in the OSC book, like { 'note 36' = 'next', 'note 37' = 'hold toggle', 'note 38' = 'mode shuffle', 'cc 7' = 'sensitivity' }.",
            extra={"unit": "", "hot": False},
        ),
    ] = field(default_factory=dict)
    beats_per_bar: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="Beats of a bar; MIDI clock does not tell.",
            extra={"unit": "beats", "hot": False},
        ),
    ] = 4
    offset_ms: Annotated[
        float,
        Meta(
            ge=-500,
            le=500,
            description="Beats fall so much after those of the MIDI clock that is received; below 0 before them.",
            extra={"unit": "ms", "hot": False},
        ),
    ] = 0.0


class Os2lSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """OS2L: beats and buttons of DJ programs such as VirtualDJ, over TCP."""

    host: Annotated[str, Meta(description="Address to listen on.", extra={"unit": "", "hot": False})] = (
        "127.0.0.1"
    )
    port: Annotated[
        int,
        Meta(
            ge=0,
            le=65535,
            description="TCP port (9996 by custom); 0 switches it off. There is no discovery: tell the DJ program address and port.",
            extra={"unit": "", "hot": False},
        ),
    ] = 0
    allow: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses and networks that may connect besides this machine.",
            extra={"unit": "", "hot": False},
        ),
    ] = ()


class DmxSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values for desks and fixtures without OSC, by sACN or Art-Net (extra `aivjd[dmx]`)."""

    protocol: Annotated[
        Literal["off", "sacn", "artnet"],
        Meta(description="How it is sent.", extra={"unit": "", "hot": False}),
    ] = "off"
    to: Annotated[
        str,
        Meta(
            max_length=200,
            description="Host that gets it; empty for multicast (sACN) or broadcast (Art-Net).",
            extra={"unit": "", "hot": False},
        ),
    ] = ""
    universe: Annotated[
        int,
        Meta(
            ge=0,
            le=32767,
            description="Universe: 1 and up for sACN, 0 and up for Art-Net (net, subnet and universe in one number).",
            extra={"unit": "", "hot": False},
        ),
    ] = 1
    first: Annotated[
        int,
        Meta(ge=1, le=480, description="First of our channels.", extra={"unit": "channel", "hot": False}),
    ] = 1
    priority: Annotated[
        int,
        Meta(
            ge=0,
            le=200,
            description="sACN priority; the higher wins over other senders.",
            extra={"unit": "", "hot": False},
        ),
    ] = 100
    rate_hz: Annotated[
        int,
        Meta(ge=1, le=44, description="How often it is sent.", extra={"unit": "Hz", "hot": False}),
    ] = 40
