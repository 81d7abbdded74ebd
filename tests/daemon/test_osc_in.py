"""Real datagrams to the real receiver."""

import asyncio
import contextlib
import random
import socket
import time

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.udp_client import SimpleUDPClient
from test_osc_packet import MALFORMED, SOUND, bundle, message

from daemon.errors import ConfigError, ProtocolError
from daemon.metrics import Metrics
from daemon.osc_door import PACKETS_BURST
from daemon.osc_in import listen
from daemon.settings import OscSettings

HOST = "127.0.0.1"
STATE = {
    "type": "state", "hold": True, "blackout": False, "mode": "shuffle", "kind": "pair", "pack": "demo",
    "energyBias": 0.5, "sensitivityDb": -3.0, "pinned": None, "banned": ["demo:1"],
    "input": {"state": "live"},
}  # fmt: skip


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 10))


class Desk:
    """Receives for the tests, and sends with python-osc."""

    def __init__(self, receiver):
        self.heard = []
        self.port = receiver.port
        self.client = SimpleUDPClient(HOST, receiver.port)
        self.socket = self.client._sock

    async def send(self, *packets):
        for packet in packets:
            self.socket.sendto(packet, (HOST, self.port))
        await asyncio.sleep(0)

    async def say(self, address, value=None):
        self.client.send_message(address, [] if value is None else value)
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def listening(on_command=None, state=lambda: STATE, clock=time.monotonic, **settings):
    metrics, commands = Metrics(), []
    failures = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    record = on_command or (lambda verb, arg, origin: commands.append((verb, arg, origin)))
    receiver = await listen(OscSettings(in_port=0, **settings), record, state, metrics, clock=clock)
    desk = Desk(receiver)
    desk.receiver = receiver
    desk.commands, desk.metrics = commands, metrics
    try:
        yield desk
    finally:
        receiver.close()
        desk.socket.close()
        await asyncio.sleep(0)
    assert failures == []


async def until(condition, within=2.0):
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.002)


@pytest.mark.parametrize(
    ("address", "value", "command"),
    [
        ("/aivj/next", None, ("next", None)),
        ("/aivj/next", 1.0, ("next", None)),
        ("/aivj/next", True, ("next", None)),
        ("/aivj/tap", 127, ("tap", None)),
        ("/aivj/hold", 1, ("hold", True)),
        ("/aivj/hold", 0.0, ("hold", False)),
        ("/aivj/hold", None, ("hold", None)),
        ("/aivj/blackout", False, ("blackout", False)),
        ("/aivj/sensitivity", -6.5, ("sensitivity", -6.5)),
        ("/aivj/sensitivity", 1000.0, ("sensitivity", 24.0)),
        ("/aivj/energy", 1, ("energy", 1.0)),
        ("/aivj/mode", "shuffle", ("mode", "shuffle")),
        ("/aivj/mode/shuffle", 1.0, ("mode", "shuffle")),
        ("/aivj/kind/preset", None, ("kind", "preset")),
        ("/aivj/pair/12", 127, ("pair", "12")),
        ("/aivj/hold/toggle", 1, ("hold", None)),
        ("/aivj/hold/off", 1, ("hold", False)),
        ("/aivj/energy/0.5", True, ("energy", 0.5)),
        ("/aivj/pair", 12, ("pair", "12")),
        ("/aivj/ban", "demo:3", ("ban", "demo:3")),
    ],
)
def test_messages_of_an_independent_sender_become_commands(address, value, command):
    async def body():
        async with listening() as desk:
            await desk.say(address, value)
            await until(lambda: desk.commands)
            assert desk.commands == [(*command, f"osc:{HOST}")]

    run(body())


@pytest.mark.parametrize(
    ("address", "value", "reason"),
    [
        ("/aivj/nxt", None, "address"),
        ("/aivj/", None, "address"),
        ("/aivj/next/now", None, "address"),
        ("/aivj/state/hold", 1, "address"),
        ("/other/next", None, "address"),
        ("/aivj/*", 1, "address"),
        ("/aivj/mode", "loud", "argument"),
        ("/aivj/sensitivity", None, "argument"),
        ("/aivj/sensitivity", [1.0, 2.0], "argument"),
        ("/aivj/next", "now", "argument"),
    ],
)
def test_what_cannot_be_used_is_counted_and_named_in_the_log(address, value, reason, caplog):
    async def body():
        async with listening() as desk:
            await desk.say(address, value)
            await until(
                lambda: desk.metrics.counter("aivjd_osc_refused_total", "", ["reason"]).value(reason=reason)
            )
            assert desk.commands == []

    run(body())
    assert HOST in caplog.text


def test_a_release_is_neither_a_command_nor_a_fault():
    async def body():
        async with listening() as desk:
            await desk.say("/aivj/next", 0.0)
            await desk.say("/aivj/hold", 1)
            await until(lambda: desk.commands)
            assert [verb for verb, _, _ in desk.commands] == ["hold"]
            assert "refused_total{" not in desk.metrics.render()

    run(body())


def test_malformed_packets_change_nothing_and_the_next_good_one_works():
    async def body():
        async with listening() as desk:
            await desk.send(*MALFORMED.values())
            await desk.say("/aivj/hold", 1)
            await until(lambda: desk.commands)
            assert desk.commands == [("hold", True, f"osc:{HOST}")]
            refused = desk.metrics.counter("aivjd_osc_refused_total", "", ["reason"])
            assert refused.value(reason="malformed") == len(MALFORMED)
            assert refused.value(reason="internal") == 0

    run(body())


def test_two_thousand_mutated_packets_harm_nothing():
    async def body():
        rng = random.Random(7)
        ticks = iter(range(10**9))
        async with listening(clock=lambda: float(next(ticks))) as desk:
            for number in range(2000):
                packet = bytearray(rng.choice(SOUND))
                for _ in range(rng.randint(1, 4)):
                    packet[rng.randrange(len(packet))] = rng.randrange(256)
                await desk.send(bytes(packet[: rng.randint(1, len(packet))] if number % 3 else packet))
            await desk.say("/aivj/mode", "public_v0")
            await until(lambda: ("mode", "public_v0", f"osc:{HOST}") in desk.commands)
            assert (
                desk.metrics.counter("aivjd_osc_refused_total", "", ["reason"]).value(reason="internal") == 0
            )

    run(body())


def test_a_time_tag_in_the_future_delays_nothing():
    async def body():
        async with listening() as desk:
            in_an_hour = int((time.time() + 2_208_988_800 + 3600) * 2**32)
            started = time.monotonic()
            await desk.send(bundle(message("/aivj/next"), message("/aivj/hold", 1), tag=in_an_hour))
            await desk.say("/aivj/tap")
            await until(lambda: len(desk.commands) == 3)
            assert [verb for verb, _, _ in desk.commands] == ["next", "hold", "tap"]
            assert time.monotonic() - started < 0.5

    run(body())


def test_a_flood_is_limited_for_its_source():
    async def body():
        async with listening(clock=lambda: 5.0) as desk:
            for _ in range(12):
                await desk.send(*[message("/aivj/next")] * 100)
                await asyncio.sleep(0.01)
            refused = desk.metrics.counter("aivjd_osc_refused_total", "", ["reason"])
            await until(lambda: refused.value(reason="rate") == 1200 - PACKETS_BURST)
            assert len(desk.commands) == PACKETS_BURST

    run(body())


def test_complaints_do_not_flood_the_log(caplog):
    async def body():
        now = [0.0]
        async with listening(clock=lambda: now[0]) as desk:
            refused = desk.metrics.counter("aivjd_osc_refused_total", "", ["reason"])
            for count in range(1, 41):
                await desk.send(b"junk")
                await until(lambda count=count: refused.value(reason="malformed") == count)
                now[0] += 0.25

    run(body())
    lines = [record.message for record in caplog.records if "was not used" in record.message]
    assert len(lines) == 2
    assert "19 more" in lines[1]


def test_a_query_brings_the_whole_state_to_the_asker_and_to_the_targets():
    async def body():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target:
            target.bind((HOST, 0))
            target.settimeout(2)
            async with listening(targets=(f"{HOST}:{target.getsockname()[1]}",)) as desk:
                await desk.say("/aivj/query")
                desk.socket.settimeout(2)
                loop = asyncio.get_running_loop()
                for listener in (desk.socket, target):
                    packets = [await loop.run_in_executor(None, listener.recv, 4096) for _ in range(10)]
                    heard = {
                        m.address.removeprefix("/aivj/state/"): m.params[0] for m in map(OscMessage, packets)
                    }
                    assert heard == {
                        "hold": 1, "blackout": 0, "mode": "shuffle", "kind": "pair", "pack": "demo",
                        "energy": 0.5, "sensitivity": -3.0, "audio": "live",
                        "pinned": "", "banned": 1,
                    }  # fmt: skip
                assert desk.commands == []

    run(body())


def test_queries_cannot_be_used_to_flood_a_third_party():
    async def body():
        asked = []
        async with listening(clock=lambda: 5.0, state=lambda: asked.append(1) or STATE) as desk:
            await desk.send(*[message("/aivj/query")] * 50)
            refused = desk.metrics.counter("aivjd_osc_refused_total", "", ["reason"])
            await until(lambda: refused.value(reason="rate") == 46)
            assert len(asked) == 4

    run(body())


@pytest.mark.parametrize("error", [ProtocolError("the engine is starting"), RuntimeError("boom")])
def test_a_failing_engine_raises_nothing_into_the_loop(error):
    async def body():
        calls = []

        def fail(verb, *_):
            calls.append(verb)
            if verb == "next":
                raise error

        async with listening(fail) as desk:
            await desk.say("/aivj/next")
            await desk.say("/aivj/tap")
            await until(lambda: calls == ["next", "tap"])

    run(body())


def test_a_vanished_asker_harms_nothing():
    async def body():
        async with listening() as desk:
            for _ in range(3):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ghost:
                    ghost.sendto(message("/aivj/query"), (HOST, desk.port))
            await desk.say("/aivj/hold", 1)
            await until(lambda: desk.commands)

    run(body())


def test_a_taken_port_and_a_bad_target_are_explained():
    async def body():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind((HOST, 0))
            settings = OscSettings(in_port=taken.getsockname()[1])
            with pytest.raises(ConfigError, match=r"osc\.in_port: cannot receive .* in use"):
                await listen(settings, lambda *_: None, dict, Metrics())
        with pytest.raises(ConfigError, match=r"osc\.targets"):
            await listen(OscSettings(in_port=0, targets=("x",)), lambda *_: None, dict, Metrics())

    run(body())
