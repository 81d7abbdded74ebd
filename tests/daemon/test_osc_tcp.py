"""OSC over TCP, by length and by SLIP, from python-osc's own clients."""

import asyncio
import contextlib
import socket
import struct
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc import slip
from pythonosc.osc_message import OscMessage
from pythonosc.osc_tcp_server import MODE_1_0, MODE_1_1
from pythonosc.tcp_client import SimpleTCPClient
from test_osc_in import STATE, run, until
from test_osc_packet import MALFORMED, message

from daemon.errors import ProtocolError
from daemon.metrics import Metrics
from daemon.osc_frames import Frames
from daemon.osc_in import MAX_CONNECTIONS, MAX_UNREAD, listen
from daemon.osc_packet import MAX_DATAGRAM
from daemon.settings import DeskSettings, OscSettings

HOST = "127.0.0.1"


def by_length(packet):
    return struct.pack(">i", len(packet)) + packet


# The stream taken apart

PACKETS = st.lists(st.binary(min_size=1, max_size=90), min_size=1, max_size=8)


@given(PACKETS, st.booleans(), st.lists(st.integers(1, 50), min_size=1))
def test_packets_come_out_whole_however_the_stream_is_cut(packets, slipped, cuts):
    stream = b"".join(slip.encode(p) if slipped else by_length(p) for p in packets)
    frames, found, at = Frames(), [], 0
    while at < len(stream):
        size = cuts[at % len(cuts)]
        found += frames.feed(stream[at : at + size])
        at += size
    assert found == packets


@given(st.binary(min_size=1, max_size=60))
def test_what_we_say_is_framed_the_way_we_were_spoken_to(packet):
    slipping = Frames()
    slipping.feed(slip.encode(b"/a\0\0,\0\0\0"))
    assert slip.decode(slipping.frame(packet)) == packet
    assert Frames().frame(packet) == by_length(packet)


@given(st.binary(max_size=400))
def test_noise_raises_nothing_but_a_sentence(noise):
    try:
        found = Frames().feed(noise)
    except ProtocolError as error:
        found = [str(error).encode()]
    assert all(isinstance(one, bytes) and one for one in found) or b"\0\0\0\0" in noise


@pytest.mark.parametrize(
    "stream",
    [
        by_length(b"x" * (MAX_DATAGRAM + 1)),
        b"\0\0\0\x04abcd\xff\xff\xff\xffabcd",
        b"\xc0" + b"x" * (2 * MAX_DATAGRAM + 1),
        b"\xc0ab\xdbcd\xc0",
        b"\xc0ab\xdb\xc0",
    ],
)
def test_a_stream_that_cannot_be_followed_is_refused(stream):
    with pytest.raises(ProtocolError, match=r"^the stream holds .+\.$"):
        Frames().feed(stream)


# Real connections


@asynccontextmanager
async def listening(state=lambda: STATE, **settings):
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    commands, failures, metrics = [], [], Metrics()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    receiver = await listen(
        OscSettings(in_port=0, tcp_port=port, **settings), lambda *c: commands.append(c), state, metrics
    )
    receiver.commands = commands
    receiver.refused = metrics.counter("aivjd_osc_refused_total", "", ["reason"])
    try:
        yield receiver
    finally:
        receiver.close()
        await asyncio.sleep(0.01)
    assert failures == []


async def in_thread(function, *args):
    return await asyncio.get_running_loop().run_in_executor(None, function, *args)


def states(client, count):
    """What a client of python-osc is told."""
    found = {}
    while len(found) < count:
        for packet in client.receive(timeout=2):
            heard = OscMessage(packet)
            found[heard.address] = heard.params[0]
    return found


@pytest.mark.parametrize("mode", [MODE_1_0, MODE_1_1])
def test_commands_query_and_echo_by_tcp(mode):
    state = dict(STATE)

    async def body():
        async with listening(lambda: state) as receiver:
            client = await in_thread(SimpleTCPClient, HOST, receiver.tcp_port, socket.AF_INET, mode)
            await in_thread(client.send_message, "/aivj/sensitivity", -6.5)
            await until(lambda: receiver.commands)
            assert receiver.commands == [("sensitivity", -6.5, f"osc:{HOST}")]
            await in_thread(client.send_message, "/aivj/query", [])
            assert (await in_thread(states, client, 10))["/aivj/state/mode"] == "shuffle"
            await asyncio.sleep(0.5)
            state["hold"], state["mode"] = False, "random"
            receiver.changed()
            told = await in_thread(states, client, 2)
            while told.get("/aivj/state/mode") != "random":
                told |= await in_thread(states, client, 1)
            assert (told["/aivj/state/hold"], told["/aivj/state/mode"]) == (0, "random")
            await in_thread(client.__exit__, None, None, None)

    run(body())


def test_a_desk_on_tcp_has_its_own_prefix_and_numbers():
    rig = DeskSettings(name="rig", source=HOST, prefix="/rig", numbers="0..100", echo="both")

    async def body():
        async with listening(desks=(rig,)) as receiver:
            reader, writer = await asyncio.open_connection(HOST, receiver.tcp_port)
            writer.write(by_length(message("/rig/energy", 75)))
            await until(lambda: receiver.commands)
            assert receiver.commands == [("energy", 0.5, "osc:rig")]
            told = {}
            frames = Frames()
            while "/rig/sensitivity" not in told or "/rig/state/hold" not in told:
                for packet in frames.feed(await reader.read(4096)):
                    heard = OscMessage(packet)
                    told[heard.address] = heard.params[0]
            assert told["/rig/state/energy"] == 75
            assert told["/rig/state/hold"] == told["/rig/hold"] == 100
            assert told["/rig/mode/shuffle"] == 100
            assert "/rig/energy" not in told  # that is what it has just said itself
            writer.close()

    run(body())


def test_a_malformed_packet_is_refused_and_the_connection_goes_on():
    async def body():
        async with listening() as receiver:
            _, writer = await asyncio.open_connection(HOST, receiver.tcp_port)
            fit = [packet for packet in MALFORMED.values() if len(packet) <= MAX_DATAGRAM]
            writer.write(b"".join(map(by_length, fit)) + by_length(message("/aivj/hold", 1)))
            await until(lambda: receiver.commands)
            assert receiver.commands == [("hold", True, f"osc:{HOST}")]
            assert receiver.refused.value(reason="malformed") == len(fit)
            writer.close()

    run(body())


def test_a_stream_out_of_step_is_closed_and_others_are_not_disturbed():
    async def body():
        async with listening() as receiver:
            reader, writer = await asyncio.open_connection(HOST, receiver.tcp_port)
            _, other = await asyncio.open_connection(HOST, receiver.tcp_port)
            writer.write(b"\0\0\xff\xff" + b"x" * 100)
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            other.write(by_length(message("/aivj/next")))
            await until(lambda: receiver.commands)
            other.close()
            writer.close()

    run(body())


def test_who_does_not_read_is_let_go():
    state = dict(STATE)

    async def body():
        async with listening(lambda: state) as receiver:
            client = socket.create_connection((HOST, receiver.tcp_port))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(by_length(message("/aivj/tap")))
            await until(lambda: receiver.commands)
            for number in range(60_000):
                state["pack"] = "x" * 100 + str(number)
                receiver.changed()
                if number % 500 == 0:
                    await asyncio.sleep(0)
                if not receiver.connections:
                    break
            assert not receiver.connections
            assert receiver.refused.value(reason="unread") == 1
            assert number * 100 > MAX_UNREAD  # it was given a chance
            client.close()

    run(body())


def test_no_more_than_so_many_connections():
    async def body():
        async with listening() as receiver:
            clients = [
                await asyncio.open_connection(HOST, receiver.tcp_port) for _ in range(MAX_CONNECTIONS + 1)
            ]
            await until(lambda: receiver.refused.value(reason="rate") == 1)
            assert len(receiver.connections) == MAX_CONNECTIONS
            for _, writer in clients:
                writer.close()
            await until(lambda: not receiver.connections)

    run(body())
