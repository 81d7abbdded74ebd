"""DMX: what each channel says, how often it is said, and where it goes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.dmx import Dmx
from daemon.dmx_map import CHANNELS, Moment, colour_of, scaled, values
from daemon.errors import ConfigError
from daemon.rig_settings import DmxSettings
from dsp.snapshot import ExpressiveAudioSnapshot

GUIDE = Path(__file__).parents[2] / "docs" / "operator-guide.md"


def heard(**changes: Any) -> dict[str, Any]:
    quiet = {
        field.encode_name: "silence" if field.name == "section" else 0
        for field in msgspec.structs.fields(ExpressiveAudioSnapshot)
    }
    return {**quiet, **changes}


def block(**changes: Any) -> dict[str, int]:
    moment = Moment(heard(**changes), (1, 2, 3), blackout=False)
    return dict(zip((channel.name for channel in CHANNELS), values(moment), strict=True))


def test_what_the_channels_say() -> None:
    said = block(
        energy01=0.5, beatPulse01=1.0, beatCount=258, tempoBpm=127.6, section="drop", beatTrusted=True
    )
    assert said["energy"] == 128
    assert (said["pulse"], said["beat"], said["tempo"], said["trusted"]) == (255, 2, 128, 255)
    assert said["section"] == 4 * 36
    assert (said["red"], said["green"], said["blue"], said["blackout"]) == (1, 2, 3, 0)


def test_a_blackout_puts_the_colour_out_and_nothing_else() -> None:
    one = values(Moment(heard(energy01=1.0), (9, 9, 9), blackout=False))
    black = values(Moment(heard(energy01=1.0), (9, 9, 9), blackout=True))
    changed = {channel.name for channel, a, b in zip(CHANNELS, one, black, strict=True) if a != b}
    assert changed == {"red", "green", "blue", "blackout"}


@given(st.floats(), st.floats(0, 1e6), st.integers(0, 2**40))
def test_every_value_fits_a_byte(level: float, tempo: float, beats: int) -> None:
    values(Moment(heard(energy01=level, tempoBpm=tempo, beatCount=beats), (0, 0, 0), blackout=True))
    assert scaled(1.5) == 255
    assert scaled(-1.0) == scaled(float("nan")) == 0


@given(st.text(min_size=1))
def test_a_colour_is_bright_and_always_the_same(ident: str) -> None:
    colour = colour_of(ident)
    assert max(colour) == 255
    assert min(colour) == 0
    assert colour == colour_of(ident)


def test_colours_differ() -> None:
    assert colour_of("") == (0, 0, 0)
    assert len({colour_of(f"demo:{number}") for number in range(100)}) > 80


def test_the_guide_lists_every_channel() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for number, channel in enumerate(CHANNELS, 1):
        assert f"| {number} | {channel.name} | {channel.what} |" in text


OPEN: list[Dmx] = []


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(2)
        yield sock
    while OPEN:
        OPEN.pop().close()


def sender(receiver: socket.socket, now: list[float], **changes: Any) -> Dmx:
    dmx = Dmx(DmxSettings(**{"to": "127.0.0.1", **changes}), lambda: now[0])
    OPEN.append(dmx)
    dmx.address = receiver.getsockname()
    return dmx


def test_sacn_as_the_standard_has_it(receiver: socket.socket) -> None:
    dmx = sender(receiver, [0.0], protocol="sacn", universe=258, first=10, priority=120)
    dmx.snapshot(heard(energy01=1.0))
    packet = receiver.recv(1000)
    assert packet[4:16] == b"ASC-E1.17\0\0\0"
    assert packet[108] == 120
    assert packet[113:115] == bytes([1, 2])
    assert packet[125] == 0, "start code"
    assert packet[126 + 9] == 255
    assert not any(packet[126 : 126 + 9])
    assert len(packet) == 638


def test_the_end_of_a_stream_is_said(receiver: socket.socket) -> None:
    dmx = sender(receiver, [0.0], protocol="sacn")

    async def life() -> None:
        task = asyncio.get_running_loop().create_task(dmx.run())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(life())
    packets = [receiver.recv(1000) for _ in range(3)]
    assert all(packet[112] & 0x40 for packet in packets)
    assert len({packet[111] for packet in packets}) == 3, "each has its number"


def test_art_net_as_the_standard_has_it(receiver: socket.socket) -> None:
    dmx = sender(receiver, [0.0], protocol="artnet", universe=0x1234)
    dmx.snapshot(heard(energy01=1.0))
    packet = receiver.recv(1000)
    assert packet[:12] == b"Art-Net\0\0\x50\0\x0e"
    assert packet[14:18] == bytes([0x34, 0x12, 2, 0])
    assert packet[18] == 255
    assert len(packet) == 18 + 512


def test_it_keeps_its_rate(receiver: socket.socket) -> None:
    now = [0.0]
    dmx = sender(receiver, now, protocol="artnet", rate_hz=20)
    for tick in range(600):
        now[0] = tick / 60
        dmx.snapshot(heard())
    assert dmx.sent == pytest.approx(200, abs=3)


def test_the_colour_follows_what_is_shown(receiver: socket.socket) -> None:
    now = [0.0]
    dmx = sender(receiver, now, protocol="artnet")
    pick = {"type": "prepare", "seq": 3, "pack": "demo", "pair": 7, "presetIds": ["a", "b"]}
    dmx.announced(pick)
    dmx.announced({**pick, "seq": 4, "pair": None})
    dmx.announced({"type": "activate", "seq": 3})
    dmx.announced({"type": "cancel", "seq": 4})
    dmx.snapshot(heard())
    assert tuple(receiver.recv(1000)[18 + 13 : 18 + 16]) == colour_of("demo:7")
    dmx.announced({"type": "state", "blackout": True})
    now[0] = 1.0
    dmx.snapshot(heard())
    assert not any(receiver.recv(1000)[18 + 13 : 18 + 16])


def test_a_network_that_is_down_is_counted_and_waited_for(receiver: socket.socket) -> None:
    dmx = sender(receiver, [0.0], protocol="artnet")
    dmx.address = ("127.0.0.1", 0)  # what no kernel sends to
    dmx.snapshot(heard())
    assert (dmx.sent, dmx.lost) == (0, 1)
    assert "refuses" in dmx.describe()


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"protocol": "sacn", "universe": 0}, "dmx.universe"),
        ({"protocol": "artnet", "to": "no.such.host.invalid"}, "dmx.to"),
    ],
)
def test_what_cannot_be_sent_to_is_said_at_the_start(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as error:
        Dmx(DmxSettings(**changes))
    assert error.value.where == key


def test_without_a_host_it_goes_to_everybody() -> None:
    many = Dmx(DmxSettings(protocol="sacn", universe=258)), Dmx(DmxSettings(protocol="artnet"))
    assert [dmx.address for dmx in many] == [("239.255.1.2", 5568), ("255.255.255.255", 6454)]
    for dmx in many:
        dmx.close()
