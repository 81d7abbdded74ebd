"""OS2L: beats and buttons of a DJ program, and whatever else comes to an open port."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.clock_input import Told
from daemon.clocks.os2l import BURST, LONGEST, Objects, Os2l, beat_of, button_of
from daemon.errors import ConfigError, ProtocolError
from daemon.rig_settings import Os2lSettings

BEAT = {"evt": "beat", "change": False, "pos": 34, "bpm": 128.0, "strength": 45.5}
BUTTON = {"evt": "btn", "name": "next", "page": "", "state": "on"}


class Heard:
    """What came through."""

    def __init__(self, **settings: Any) -> None:
        self.told: list[Told] = []
        self.commands: list[tuple[str, object, str]] = []
        self.now = 10.0
        self.os2l = Os2l(Os2lSettings(**settings), self.told.append, self._command, lambda: self.now)

    def _command(self, verb: str, arg: object, origin: str) -> None:
        if verb == "nonsense":
            raise ProtocolError("there is no such verb")
        self.commands.append((verb, arg, origin))


def objects(data: bytes, cut: int = 1 << 20) -> list[dict[str, Any]]:
    stream = Objects()
    return [value for at in range(0, len(data), cut) for value in stream.feed(data[at : at + cut])]


@pytest.mark.parametrize("between", ["", "\n", " \r\n\t", "\0"])
@pytest.mark.parametrize("cut", [1, 7, 1 << 20])
def test_objects_however_they_are_cut(between: str, cut: int) -> None:
    data = between.join(json.dumps(value) for value in (BEAT, BUTTON, BEAT)) + between
    assert objects(data.encode(), cut) == [BEAT, BUTTON, BEAT]


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"[1, 2]",
        b"17 ",
        b"null ",
        b'{"evt": NaN}',
        b'{"evt": Infinity}',
        b"\xff\xfe{}",
        b"}",
        b"{" * 5000,
        b"[" * 4000,
        b'{"a":' * 2000,
        b'{"a":"' + b"x" * (LONGEST + 10),
        b'{"a":' + b"1" * (LONGEST + 10),
        '{"evt":"b\u00e9at"}'.encode(),
    ],
)
def test_what_is_no_os2l_ends_the_connection(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        objects(data)


def test_a_beat_is_a_reading() -> None:
    assert beat_of(BEAT, 5.0) == Told("os2l", 128.0, 5.0, 2, 4)
    assert beat_of({**BEAT, "pos": None}, 5.0) == Told("os2l", 128.0, 5.0, -1, 4)


@pytest.mark.parametrize("bpm", [0, -1, 1e9, "128", None, True, [128], 19.9, 401])
def test_a_tempo_that_is_none(bpm: object) -> None:
    assert beat_of({**BEAT, "bpm": bpm}, 5.0) is None


@pytest.mark.parametrize(
    ("name", "state", "means"),
    [
        ("next", "on", ("next", True)),
        ("hold", "off", ("hold", False)),
        ("mode shuffle", "on", ("mode", "shuffle")),
        ("mode shuffle", "off", None),
        (7, "on", None),
        ("next", "pressed", None),
        (None, None, None),
    ],
)
def test_buttons(name: object, state: object, means: object) -> None:
    assert button_of({"evt": "btn", "name": name, "state": state}) == means


def test_events_go_where_they_belong() -> None:
    heard = Heard()
    for event in (BEAT, BUTTON, {"evt": "cmd", "id": 3, "param": 0.5}, {}, {"evt": 4}):
        heard.os2l.take(event, "10.0.0.9")
    heard.os2l.take({**BUTTON, "name": "nonsense"}, "10.0.0.9")
    assert [told.bpm for told in heard.told] == [128.0]
    assert heard.commands == [("next", True, "os2l:10.0.0.9")]


def test_a_flood_is_held_back() -> None:
    heard = Heard()
    for _ in range(10 * BURST):
        heard.os2l.take(BUTTON, "10.0.0.9")
    assert len(heard.commands) == BURST


@given(
    st.dictionaries(
        st.sampled_from(["evt", "bpm", "pos", "name", "state", "x"]),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(),
            st.text(max_size=8),
            st.lists(st.integers(), max_size=3),
            st.sampled_from(["beat", "btn", "on", "off"]),
        ),
    )
)
def test_no_object_breaks_it(event: dict[str, Any]) -> None:
    heard = Heard()
    heard.os2l.take(event, "127.0.0.1")


def life(heard: Heard, act: Any) -> None:
    async def whole() -> None:
        task = asyncio.get_running_loop().create_task(heard.os2l.run())
        while heard.os2l.port == 0:
            await asyncio.sleep(0.01)
        try:
            await act(heard.os2l.port)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(whole())


def test_over_tcp_good_ones_are_heard_while_bad_ones_are_thrown_out() -> None:
    heard, dice = Heard(), random.Random(3)

    async def act(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in range(40):
            _, bad = await asyncio.open_connection("127.0.0.1", port)
            bad.write(dice.randbytes(dice.randrange(1, 3000)))
            bad.write_eof()
            bad.close()
            writer.write(json.dumps(BEAT).encode())
            heard.now += 0.5
            while len(heard.told) <= number:
                await asyncio.sleep(0.005)
        writer.close()
        del reader

    life(heard, act)
    assert len(heard.told) == 40


def test_who_is_too_many_is_sent_away() -> None:
    heard = Heard()

    async def act(port: int) -> None:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(9)]
        assert await asyncio.wait_for(held[-1][0].read(), 5) == b""
        assert heard.os2l.describe() == "8 connected"
        for _, writer in held:
            writer.close()

    life(heard, act)


def test_a_port_that_is_taken_is_named() -> None:
    heard = Heard()

    async def act(port: int) -> None:
        other = Heard(port=port)
        with pytest.raises(ConfigError, match=r"os2l\.port"):
            await other.os2l.run()

    life(heard, act)


def test_a_network_that_is_none_is_named() -> None:
    with pytest.raises(ConfigError):
        Heard(allow=("everybody",))
