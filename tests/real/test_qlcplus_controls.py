"""QLC+ as the desk of a running daemon: it shows our values and moves our controls, with no loop between."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qlcplus import Qlcplus, free_port, running
from websockets.asyncio.client import ClientConnection, connect

from daemon.bench.running import RunningDaemon
from daemon.protocol import PROTOCOL
from daemon.session import SessionReader
from daemon.verify import verify

pytestmark = pytest.mark.real

SLIDERS = ("/aivj/sensitivity", "/aivj/state/hold", "/aivj/level/energy")
SENSITIVITY, HOLD, ENERGY = range(3)
NEXT_CHANNEL, HOLD_CHANNEL = 7, 8  # of its own desk; nothing of ours moves them

CONFIG = """
[osc]
in_port = {port}
learnt = "{learnt}"
[[osc.desks]]
name = "qlc"
to = "127.0.0.1:{desk}"
numbers = "0..1"
echo = "both"
"""


class Control:
    """A control page: gives commands, follows the state."""

    def __init__(self, ws: ClientConnection) -> None:
        self.ws = ws
        self.state: dict[str, Any] = {}
        self.prepared: list[dict[str, Any]] = []

    async def follow(self) -> None:
        async for text in self.ws:
            message = json.loads(text)
            if message["type"] == "state":
                self.state = message
            elif message["type"] == "prepare":
                self.prepared.append(message)

    async def say(self, verb: str, arg: Any = None) -> None:
        await self.ws.send(json.dumps({"type": "command", "verb": verb, "arg": arg}))


async def until(true: Callable[[], Any], within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while not true():
            await asyncio.sleep(0.05)


async def shows_channel(desk: Qlcplus, channel: int, value: int, within: float = 10.0) -> None:
    """Until a channel (from 0) of QLC+ has `value`, give or take the step that it rounds by."""
    seen = None
    try:
        async with asyncio.timeout(within):
            while seen is None or abs(seen - value) > 1:
                await asyncio.sleep(0.1)
                seen = (await desk.channels(channel + 1))[channel]
    except TimeoutError:
        pytest.fail(f"channel {channel} shows {seen}, not {value}")


async def learn(control: Control, desk: Qlcplus, what: str, channel: int) -> None:
    """Bind one of its channels by moving it; the release afterwards does nothing."""
    verb = what.partition(" ")[0]
    await control.say("learn", what)
    await until(lambda: control.state.get("osc", {}).get("learning") == verb)
    await desk.set_channel(channel, 255)
    await until(lambda: control.state["osc"]["learning"] is None)
    bound = control.state["osc"]["learnt"][-1]
    assert bound["desk"] == "qlc"
    assert bound["address"] == f"/0/dmx/{channel - 1}"
    assert bound["verb"] == verb
    await desk.set_channel(channel, 0)
    await asyncio.sleep(0.2)


async def operate(control: Control, desk: Qlcplus) -> None:
    await desk.ready()
    await until(lambda: "osc" in control.state)

    # Levels of the music move a slider there.
    moved = set()
    async with asyncio.timeout(15):
        while len(moved) < 5:
            moved.add((await desk.channels(len(SLIDERS)))[ENERGY])
            await asyncio.sleep(0.1)

    # Channels of its desk, sent by its OSC output, are taught to move us.
    await learn(control, desk, "next", NEXT_CHANNEL)
    await learn(control, desk, "hold toggle", HOLD_CHANNEL)
    assert control.state["hold"] is False

    await desk.set_channel(HOLD_CHANNEL, 255)
    await until(lambda: control.state["hold"] is True)
    await shows_channel(desk, HOLD, 255)
    await desk.set_channel(HOLD_CHANNEL, 0)  # the release of a pad that toggles
    await asyncio.sleep(0.3)
    assert control.state["hold"] is True

    before = len(control.prepared)
    await desk.set_channel(NEXT_CHANNEL, 255)
    await until(lambda: len(control.prepared) > before)
    await desk.set_channel(NEXT_CHANNEL, 0)
    await desk.set_channel(HOLD_CHANNEL, 255)
    await until(lambda: control.state["hold"] is False)
    await shows_channel(desk, HOLD, 0)

    # A fader: what others change comes back to it, and what it changes reaches others, once.
    await control.say("sensitivity", 12.0)
    await shows_channel(desk, SENSITIVITY, 191)
    await desk.move_slider(SENSITIVITY, 64)
    wanted = -24 + 48 * 64 / 255
    await until(lambda: abs(control.state["sensitivityDb"] - wanted) < 0.2)
    settled = control.state["sensitivityDb"]
    await asyncio.sleep(2.0)
    assert control.state["sensitivityDb"] == settled, "it creeps"
    await shows_channel(desk, SENSITIVITY, 64)


def test_qlcplus_shows_and_moves_a_running_daemon(demo_pack: Path, tmp_path: Path) -> None:
    port = free_port(socket.SOCK_DGRAM)

    async def body(url: str, desk: Qlcplus) -> None:
        async with connect(url, subprotocols=[PROTOCOL], compression=None) as ws:
            await ws.send(json.dumps({"type": "hello", "role": "control", "snapshotHz": 0}))
            control = Control(ws)
            following = asyncio.create_task(control.follow())
            try:
                await operate(control, desk)
            finally:
                following.cancel()

    (tmp_path / "qlc").mkdir()
    with running(tmp_path / "qlc", SLIDERS, controls_port=port) as desk:
        config = tmp_path / "config.toml"
        learnt = tmp_path / "learnt.json"
        config.write_text(CONFIG.format(port=port, desk=desk.osc_port, learnt=learnt), encoding="utf-8")
        arguments = ["--config", str(config), "--input", "demo", "--pack", str(demo_pack)]
        with RunningDaemon(*arguments, "--record", str(tmp_path / "sessions")) as daemon:
            asyncio.run(body(daemon.websocket, desk))
    (folder,) = (tmp_path / "sessions").iterdir()
    reader = SessionReader(folder)
    commands = [r for r in reader.records("inputs") if r["type"] == "command"]
    said = [(r["verb"], r["origin"].partition(":")[0]) for r in commands]
    assert said == [
        ("hold", "osc"), ("next", "osc"), ("hold", "osc"), ("sensitivity", "ws"), ("sensitivity", "osc"),
    ]  # fmt: skip
    assert {r["origin"] for r in commands if r["origin"].startswith("osc")} == {"osc:qlc"}
    assert verify(reader).identical
    kept = {(b["address"], b["verb"]) for b in json.loads(learnt.read_text())["learnt"]}
    assert kept == {("/0/dmx/6", "next"), ("/0/dmx/7", "hold")}
