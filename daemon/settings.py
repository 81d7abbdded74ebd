"""Settings of the shell: input, server, OSC, recording.

Every field is annotated with its range, its meaning (`description`), its unit and whether it is
*hot* (may change while running). `config.toml` is printed from these annotations, and a test keeps
the two equal. `dsp.settings` and `selector.settings` follow the same convention.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

Numbers = Literal["plain", "0..1", "0..100", "0..127", "0..255"]


class InputSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the sound comes from."""

    name: Annotated[
        str,
        Meta(
            description="Audio input: a device name or part of it (never an index), 'default', 'demo', or 'file:PATH'.",
            extra={"unit": "", "hot": False},
        ),
    ] = "default"
    channels: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=64)], Annotated[int, Meta(ge=1, le=64)]],
        Meta(
            description="Which two channels of the device are left and right, counted from 1. A device with one channel is used for both.",
            extra={"unit": "channel", "hot": False},
        ),
    ] = (1, 2)
    block: Annotated[
        int,
        Meta(
            ge=64,
            le=4096,
            description="Block size asked of the device.",
            extra={"unit": "samples", "hot": False},
        ),
    ] = 256
    rate: Annotated[
        int,
        Meta(
            ge=0,
            le=192000,
            description="Sample rate asked of a device; 0 takes its default. Behind PulseAudio and PipeWire name the server's own rate, or the server resamples to what ALSA reports (44100).",
            extra={"unit": "Hz", "hot": False},
        ),
    ] = 0
    loop: Annotated[
        bool,
        Meta(
            description="Whether an audio file begins again at its end.",
            extra={"unit": "", "hot": False},
        ),
    ] = False
    stall_ms: Annotated[
        int,
        Meta(
            ge=100,
            le=10000,
            description="After so long without a block the input counts as stalled; the clock goes on with zeros.",
            extra={"unit": "ms", "hot": False},
        ),
    ] = 250


class ServerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Browsers: pages, presets, websocket."""

    host: Annotated[
        str,
        Meta(
            description="Address to listen on. Anything but loopback requires a token.",
            extra={"unit": "", "hot": False},
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Meta(ge=0, le=65535, description="Port; 0 takes a free one.", extra={"unit": "", "hot": False}),
    ] = 8765
    token: Annotated[
        str, Meta(description="Shared secret, required off loopback.", extra={"unit": "", "hot": False})
    ] = ""
    origins: Annotated[
        tuple[str, ...],
        Meta(
            description="Further web origins that may connect, such as 'http://localhost:5174'. Our own pages always may.",
            extra={"unit": "", "hot": False},
        ),
    ] = ()
    max_clients: Annotated[
        int,
        Meta(
            ge=1,
            le=2000,
            description="Connections accepted at the same time.",
            extra={"unit": "", "hot": False},
        ),
    ] = 200


class DeskSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One desk, pad or program that OSC goes to or comes from; give `[[osc.desks]]` again for each."""

    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=40,
            pattern=r"^[\x21-\x7e]+$",
            description="What it is called in logs and recordings; no spaces.",
            extra={"unit": "", "hot": False},
        ),
    ] = "desk"
    source: Annotated[
        str,
        Meta(
            description="Address or network it sends from, like '10.0.0.5' or '10.0.0.0/24'; empty takes the host of `to`.",
            extra={"unit": "", "hot": False},
        ),
    ] = field(default="", name="from")
    to: Annotated[
        str,
        Meta(
            description="Where OSC is sent, 'host:port'; empty sends nothing.",
            extra={"unit": "", "hot": False},
        ),
    ] = ""
    prefix: Annotated[
        str,
        Meta(
            max_length=64,
            pattern=r"^(/[!-.0-~]+)+$",
            description="What addresses begin with, both ways.",
            extra={"unit": "", "hot": False},
        ),
    ] = "/aivj"
    numbers: Annotated[
        Numbers,
        Meta(
            description="Values with a range: 'plain' as the OSC book says (dB, BPM, 0 to 1), or scaled, both ways, to '0..1' (floats; QLC+, TouchOSC), '0..100', '0..127' or '0..255' (whole numbers).",
            extra={"unit": "", "hot": False},
        ),
    ] = "plain"
    form: Annotated[
        Literal["plain", "bundle"],
        Meta(
            description="Single messages, which every desk takes, or what belongs together as a bundle.",
            extra={"unit": "", "hot": False},
        ),
    ] = "plain"
    echo: Annotated[
        Literal["state", "control", "both"],
        Meta(
            description="Where a change comes back: at '/aivj/state/hold' ('state'), at the address that moves it, '/aivj/hold' and learnt ones ('control'), for faders with motors and buttons with lamps, or at both.",
            extra={"unit": "", "hot": False},
        ),
    ] = "state"
    addresses: Annotated[
        dict[str, str],
        Meta(
            description="Addresses of the OSC book and where this desk wants them, like { '/aivj/level/energy' = '/Page1/Fader201', '/aivj/section/drop' = '/Page1/Key101' }; then it gets nothing else.",
            extra={"unit": "", "hot": False},
        ),
    ] = field(default_factory=dict)
    level_hz: Annotated[
        int,
        Meta(
            ge=0,
            le=60,
            description="How often it gets levels and phase; 0 for never.",
            extra={"unit": "Hz", "hot": False},
        ),
    ] = 30
    offset_ms: Annotated[
        float,
        Meta(
            ge=-200,
            le=2000,
            description="Beats, bars, sections and picks leave so much after the moment of the music; below 0 before it, at most as early as `dsp.beat_lead_ms` knows them.",
            extra={"unit": "ms", "hot": False},
        ),
    ] = 0.0


class OscSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lighting desks."""

    in_host: Annotated[
        str, Meta(description="Address on which OSC is received.", extra={"unit": "", "hot": False})
    ] = "127.0.0.1"
    in_port: Annotated[
        int,
        Meta(
            ge=0,
            le=65535,
            description="UDP port on which OSC is received; 0 switches it off.",
            extra={"unit": "", "hot": False},
        ),
    ] = 7700
    tcp_port: Annotated[
        int,
        Meta(
            ge=0,
            le=65535,
            description="TCP port on which OSC is received, framed by length (OSC 1.0) or by SLIP (1.1), found out by itself; 0 switches it off.",
            extra={"unit": "", "hot": False},
        ),
    ] = 0
    allow: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses and networks that may send besides this machine and `desks`; '0.0.0.0/0' for everybody.",
            extra={"unit": "", "hot": False},
        ),
    ] = ()
    targets: Annotated[
        tuple[str, ...],
        Meta(
            description="Where OSC is sent as the OSC book says: 'host:port', any number. `desks` for more.",
            extra={"unit": "", "hot": False},
        ),
    ] = ()
    level_hz: Annotated[
        int,
        Meta(
            ge=1,
            le=60,
            description="How often levels and phase are sent to `targets`.",
            extra={"unit": "Hz", "hot": False},
        ),
    ] = 30
    learnt: Annotated[
        str,
        Meta(
            description="File that keeps which addresses were learnt (`learn`, `forget`).",
            extra={"unit": "", "hot": False},
        ),
    ] = "osc-learnt.json"
    desks: Annotated[
        tuple[DeskSettings, ...],
        Meta(description="Desks that want it their own way.", extra={"unit": "", "hot": False}),
    ] = ()


class MemorySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What outlives a session: bans, likings, quarantine."""

    file: Annotated[
        str,
        Meta(
            description="SQLite file that keeps it, absolute or beside the folder `record.dir`; empty forgets it all at the end.",
            extra={"unit": "", "hot": False},
        ),
    ] = "aivjd-memory.sqlite3"


class RecordSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Session recording."""

    enabled: Annotated[bool, Meta(description="Record every session.", extra={"unit": "", "hot": False})] = (
        True
    )
    dir: Annotated[
        str,
        Meta(description="Folder under which each session gets its own.", extra={"unit": "", "hot": False}),
    ] = "sessions"
    rotate_min: Annotated[
        float,
        Meta(
            ge=0,
            le=1440,
            description="A night goes on in another folder after so long, and each verifies by itself; 0 keeps it in one.",
            extra={"unit": "min", "hot": False},
        ),
    ] = 60.0
    state_s: Annotated[
        float,
        Meta(
            ge=1,
            le=600,
            description="How often the engine's whole state is kept, so that a session can be verified in pieces at the same time.",
            extra={"unit": "s", "hot": False},
        ),
    ] = 60.0
    keep_free_gb: Annotated[
        float,
        Meta(
            ge=0,
            le=10000,
            description="Recording stops when the disk has less left, and begins again by itself when it has a tenth more.",
            extra={"unit": "GB", "hot": False},
        ),
    ] = 2.0
    flight_min: Annotated[
        float,
        Meta(
            ge=0,
            le=60,
            description="So much of the show is always kept in memory (7 to 17 MB a minute), recorded or not; the verb `save` writes it as a session. 0 switches it off.",
            extra={"unit": "min", "hot": False},
        ),
    ] = 5.0
