"""Real websocket clients against the real server."""

import asyncio
import json
import socket

import pytest
import websockets
from web_peers import HOST, FakeHub, dial, get, greet, heard, raw, serving

from daemon import clients as clients_module
from daemon import server as server_module
from daemon.connection import QUEUE_DEPTH
from daemon.errors import ConfigError
from daemon.protocol import Ack, CommandMessage


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 15))


async def until(condition, within=3.0):
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.005)


async def closed(ws, within=5.0):
    async with asyncio.timeout(within):
        await ws.wait_closed()
    return ws.close_code


def test_hello_brings_everything_a_page_needs():
    async def body():
        async with serving() as server, dial(server) as ws:
            hello = await greet(ws, name="left", lastSeq=20, session="s1")
            assert ws.subprotocol == "aivj.v1"
            assert (hello["n"], hello["protocol"], hello["rate"], hello["hop"]) == (1, "aivj.v1", 48000, 256)
            assert [record["seq"] for record in hello["picks"]] == [21, 22, 23, 24, 25]
            assert hello["current"] == {"seq": 24}
            assert hello["next"] is None
            assert hello["state"]["type"] == "state"
            assert server.client_counts() == {"stage": 1, "control": 0, "monitor": 0}

    run(body())


@pytest.mark.parametrize(("session", "first"), [("s1", 25), ("older", 6)])
def test_resume_counts_only_in_the_same_session(session, first):
    async def body():
        async with serving() as server, dial(server) as ws:
            hello = await greet(ws, lastSeq=24, session=session)
            assert hello["picks"][0]["seq"] == first
            assert len(hello["picks"]) <= 20

    run(body())


def test_ordered_messages_are_numbered_for_each_client_and_bytes_pass_as_they_are():
    async def body():
        async with serving() as server, dial(server) as early, dial(server) as late:
            await greet(early)
            server.publish({"type": "beat", "count": 1})
            await greet(late, role="control")
            server.publish(b'{"type":"pick","record":{"seq":26}}')
            assert (await heard(early, "beat"))["n"] == 2
            assert await heard(early, "pick") == {"n": 3, "type": "pick", "record": {"seq": 26}}
            assert (await heard(late, "pick"))["n"] == 2

    run(body())


def test_snapshots_and_audio_reach_those_who_asked():
    async def body():
        async with serving() as server, dial(server) as both, dial(server) as none:
            await greet(both, audio=True)
            await greet(none, snapshotHz=0, audio=False)
            server.publish_snapshot({"type": "snapshot", "energy01": 0.5})
            server.publish_audio(b"AIVJ...")
            server.publish({"type": "state"})
            frames = [await both.recv() for _ in range(3)]
            assert [type(frame) for frame in frames] == [str, str, bytes]
            assert json.loads(frames[1]) == {"type": "snapshot", "energy01": 0.5}
            assert json.loads(await none.recv())["type"] == "state"

    run(body())


def test_commands_and_acks_reach_the_hub_and_are_answered():
    async def body():
        async with serving() as server, dial(server) as stage, dial(server) as control:
            await greet(stage, name="wall")
            await greet(control, role="control", name="desk")
            await stage.send('{"type":"ack","seq":3,"phase":"shown","ms":12}')
            answers = {}
            for number, verb in enumerate(["say", "later", "refuse", "crash", "hold"]):
                await control.send(json.dumps({"type": "command", "verb": verb, "arg": 1, "id": number}))
                answers[verb] = await heard(control, "reply")
            assert (answers["say"]["ok"], answers["say"]["message"], answers["say"]["id"]) == (
                True,
                "done",
                0,
            )
            assert answers["later"]["message"] == "done later"
            assert (answers["hold"]["ok"], answers["hold"]["message"]) == (True, "")
            assert not answers["refuse"]["ok"]
            assert "'refuse'" in answers["refuse"]["message"]
            assert not answers["crash"]["ok"]
            await until(lambda: len(server.hub.submitted) == 4)
            message, client = next(x for x in server.hub.submitted if isinstance(x[0], Ack))
            assert (message.seq, client.role, client.name, client.address) == (3, "stage", "wall", HOST)
            commands = [m.verb for m, _ in server.hub.submitted if isinstance(m, CommandMessage)]
            assert commands == ["say", "later", "hold"]

    run(body())


@pytest.mark.parametrize(
    "frame",
    [
        "not json",
        '{"type":"dance"}',
        '{"type":"command","verb":"next"}',  # a stage may not
        '{"type":"hello","role":"stage"}',  # twice
        '{"type":"ack","seq":-1,"phase":"shown"}',
        b"\x00\x01",
        '{"type":"ping","t":' + "[" * 7000 + "]" * 7000 + "}",
    ],
)
def test_a_bad_frame_is_answered_and_the_show_goes_on(frame):
    async def body():
        async with serving() as server, dial(server) as ws, dial(server) as other:
            await greet(ws)
            await greet(other, role="control")
            await ws.send(frame)
            assert (await heard(ws, "error"))["message"].endswith(".")
            await ws.send('{"type":"ping","t":[1,"x"]}')
            assert (await heard(ws, "pong"))["t"] == [1, "x"]
            server.publish({"type": "state"})
            await heard(other, "state")
            assert server.hub.submitted == []

    run(body())


def test_pong_gives_the_daemons_clock():
    async def body():
        async with serving() as server, dial(server) as ws:
            await greet(ws)
            before = asyncio.get_running_loop().time() * 1000  # CLOCK_MONOTONIC too
            await ws.send('{"type":"ping"}')
            assert before <= (await heard(ws, "pong"))["nowMs"] <= before + 3000

    run(body())


def test_an_oversized_frame_ends_only_its_own_connection():
    async def body():
        async with serving() as server, dial(server) as ws, dial(server) as other:
            await greet(ws)
            await greet(other)
            await ws.send("x" * 20_000)
            assert await closed(ws) == 1009
            server.publish({"type": "state"})
            await heard(other, "state")
            await until(lambda: server.client_counts()["stage"] == 1)

    run(body())


def test_a_flood_of_messages_ends_the_connection():
    async def body():
        async with serving() as server, dial(server) as ws:
            await greet(ws, role="control")
            for _ in range(100):
                await ws.send('{"type":"command","verb":"next"}')
            assert await closed(ws) == 1008
            assert len(server.hub.submitted) <= 60

    run(body())


def test_silence_instead_of_hello_ends_the_connection(monkeypatch):
    monkeypatch.setattr(server_module, "HELLO_TIMEOUT_S", 0.1)

    async def body():
        async with serving() as server, dial(server) as silent, dial(server) as babbling:
            await babbling.send('{"type":"ping"}')
            assert "hello" in (await heard(babbling, "error"))["message"]
            assert await closed(silent) == 1008
            assert await closed(babbling) == 1008
            async with dial(server) as polite:
                await greet(polite)
                await asyncio.sleep(0.2)
                await polite.send('{"type":"ping"}')
                await heard(polite, "pong")

    run(body())


# Slow and hostile sockets


async def never_reading(server, **hello):
    """A raw socket that says hello and reads nothing ever after."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, (HOST, server.port))
    request = (
        f"GET /ws HTTP/1.1\r\nHost: {HOST}:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: aivj.v1\r\n\r\n"
    )
    await loop.sock_sendall(sock, request.encode())
    await loop.sock_recv(sock, 100)
    await loop.sock_sendall(
        sock, client_frame(1, json.dumps({"type": "hello", "role": "stage"} | hello).encode())
    )
    return sock


def client_frame(opcode, payload):
    """A masked frame whose mask is zero."""
    size = (
        bytes([0x80 | len(payload)])
        if len(payload) < 126
        else bytes([0x80 | 126]) + len(payload).to_bytes(2, "big")
    )
    return bytes([0x80 | opcode]) + size + bytes(4) + payload


def test_a_client_that_never_reads_loses_frames_then_its_connection_and_nobody_else_notices(monkeypatch):
    monkeypatch.setattr(clients_module, "CLOSE_TIMEOUT_S", 0.2)

    async def body():
        async with serving() as server, dial(server) as good:
            await greet(good, snapshotHz=60, audio=False)
            deaf = await never_reading(server, snapshotHz=60, audio=True)
            await until(lambda: server.client_counts()["stage"] == 2)
            # Frames are skipped without end and without growing memory.
            audio = b"AIVJ" + bytes(2140)
            for _ in range(4000):
                server.publish_audio(audio)
                await asyncio.sleep(0)
            (client,) = [c for c in server._clients._members.values() if c.outbox.skipped_audio]
            assert client.outbox.skipped_audio > 500
            assert client.buffered < 128 * 1024
            # Ordered messages queue up to the limit, then it is let go; the good one gets every beat.
            counts = []
            for count in range(QUEUE_DEPTH + 50):
                server.publish({"type": "beat", "count": count, "x": "y" * 200})
                counts.append((await heard(good, "beat"))["count"])
            assert counts == list(range(QUEUE_DEPTH + 50))
            await until(lambda: server.client_counts()["stage"] == 1)
            assert 'aivjd_ws_closed_total{reason="overflow"} 1' in server.metrics.render()
            deaf.close()

    run(body())


def test_answers_to_a_flood_of_pings_do_not_eat_the_memory():
    async def body():
        async with serving() as server:
            deaf = await never_reading(server, snapshotHz=0)
            await until(lambda: server.client_counts()["stage"] == 1)
            loop = asyncio.get_running_loop()
            burst = client_frame(9, b"p" * 125) * 500

            async def flood():
                while True:
                    await loop.sock_sendall(deaf, burst)

            flooding = asyncio.ensure_future(flood())
            try:
                async with asyncio.timeout(8):
                    while server.client_counts()["stage"]:
                        server.publish_audio(b"x")
                        await asyncio.sleep(0.002)
            finally:
                flooding.cancel()
                await asyncio.gather(flooding, return_exceptions=True)
                deaf.close()
            assert 'aivjd_ws_closed_total{reason="buffer"} 1' in server.metrics.render()

    run(body())


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)) + b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 300 + b"\r\n",
    ],
)
def test_a_garbage_handshake_is_turned_away_and_the_server_lives(garbage):
    async def body():
        async with serving() as server:
            status, _, _ = await raw(server, garbage)
            assert status == 0 or status >= 400
            async with dial(server) as ws:
                await greet(ws)

    run(body())


def test_garbage_after_the_handshake_ends_only_that_connection(monkeypatch):
    monkeypatch.setattr(server_module, "CLOSE_TIMEOUT_S", 0.1)

    async def body():
        async with serving() as server, dial(server) as good:
            await greet(good)
            bad = await never_reading(server, audio=True)
            await until(lambda: server.client_counts()["stage"] == 2)
            await asyncio.get_running_loop().sock_sendall(bad, b"\xff" * 200)

            def gone():
                server.publish_audio(b"AIVJ")
                return server.client_counts()["stage"] == 1

            await until(gone)
            server.publish({"type": "state"})
            await heard(good, "state")
            bad.close()

    run(body())


# Limits and life


def test_no_more_clients_than_allowed():
    async def body():
        async with serving(max_clients=2) as server, dial(server) as a, dial(server) as b:
            await greet(a)
            await greet(b)
            with pytest.raises(websockets.InvalidStatus) as caught:
                await dial(server)
            assert caught.value.response.status_code == 503
            await a.close()
            await until(lambda: server.client_counts()["stage"] == 1)
            async with dial(server) as c:
                await greet(c)

    run(body())


def test_the_subprotocol_is_required():
    async def body():
        async with serving() as server:
            with pytest.raises(websockets.InvalidStatus):
                await websockets.connect(f"ws://{HOST}:{server.port}/ws", proxy=None)

    run(body())


def test_stopping_tells_the_clients_and_frees_the_port():
    async def body():
        changes = []
        async with serving(on_clients=lambda: changes.append(1)) as server:
            ws = await dial(server)
            await greet(ws)
            port = server.port
            await server.stop()
            assert await closed(ws) == 1001
            assert len(changes) == 2
            async with serving(port=port) as again:
                assert (await get(again, "/healthz"))[0] == 200

    run(body())


def test_a_taken_port_and_a_bad_host_are_explained():
    async def body():
        async with serving() as server:
            with pytest.raises(ConfigError, match=r"server\.port: cannot listen .* in use"):
                async with serving(port=server.port):
                    pass
            with pytest.raises(ConfigError, match="cannot listen"):
                async with serving(host="203.0.113.77", token="t"):
                    pass

    run(body())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "*", "192.0.2.1", "example.org"])
def test_off_loopback_a_token_is_required(host):
    async def body():
        async with serving(host=host):
            pass

    with pytest.raises(ConfigError, match=r"server\.token"):
        run(body())


def test_urls():
    async def body():
        async with serving(host="0.0.0.0", token="a b&c") as server:
            assert server.urls()[0] == f"http://localhost:{server.port}/"
            assert server.urls(with_token=True)[0] == f"http://localhost:{server.port}/?token=a%20b%26c"
        async with serving() as server:
            assert server.urls(with_token=True) == [f"http://{HOST}:{server.port}/"]

    run(body())


def test_a_hub_that_fails_at_hello_costs_one_connection():
    class Broken(FakeHub):
        def state(self):
            raise RuntimeError("boom")

    async def body():
        hub = FakeHub()
        async with serving(hub) as server, dial(server) as good:
            await greet(good)
            server._hub = Broken()
            async with dial(server) as ws:
                await ws.send('{"type":"hello","role":"stage"}')
                assert await closed(ws) == 1011
            server._hub = hub
            server.publish({"type": "state"})
            await heard(good, "state")

    run(body())
