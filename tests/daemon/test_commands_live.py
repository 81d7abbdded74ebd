"""Every verb through a websocket and through OSC, on a running daemon; the session with them verifies."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from pythonosc.osc_message_builder import OscMessageBuilder
from websockets.asyncio.client import ClientConnection, connect

from daemon.bench.running import RunningDaemon
from daemon.config import Config
from daemon.demo_track import DemoTrack
from daemon.packs import load
from daemon.protocol import PROTOCOL
from daemon.replay import engine_of_header
from daemon.session import SessionReader, new_header
from daemon.verify import verify
from dsp.analyzer import quantise
from selector.vocabulary import VERBS

pytestmark = pytest.mark.slow

RATE = 48000

# What to send, and what the state says of it afterwards.
ARGS: dict[str, Any] = {
    "hold": True,
    "untildrop": True,
    "blackout": True,
    "nudge": 20.0,
    "sensitivity": 6.0,
    "energy": 0.5,
    "mode": "random",
    "kind": "preset",
    "pack": "demo",
    "pair": "3",
    "rest": 2.0,
    "rate": 5.0,
    "cue": "next",
    "more": "demo:8",
    "less": "demo:9",
    "ban": "demo:7",
    "unban": "demo:7",
    "learn": "next",
    "forget": "/pad/1",
}
ECHO = {
    "hold": ("hold", True),
    "untildrop": ("untilDrop", True),
    "blackout": ("blackout", True),
    "sensitivity": ("sensitivityDb", 6),
    "energy": ("energyBias", 0.5),
    "mode": ("mode", "random"),
    "kind": ("kind", "preset"),
    "pack": ("pack", "demo"),
}


async def until(ws: ClientConnection, wanted: Any) -> dict[str, Any]:
    """The first message for which `wanted(message)` holds."""
    async with asyncio.timeout(15):  # the engine may still be starting
        while True:
            message = json.loads(await ws.recv())
            if wanted(message):
                return message


async def by_websocket(ws: ClientConnection, osc: Osc, presets: list[str]) -> None:
    for number, verb in enumerate(VERBS):
        if verb.name == "forget":
            osc.say(ARGS["forget"], 1)
            await until(ws, lambda m: m["type"] == "state" and m["osc"]["learnt"])
        command = {"type": "command", "verb": verb.name, "id": number}
        arg = presets[0] if verb.name == "preset" else ARGS.get(verb.name)
        await ws.send(json.dumps(command if arg is None else {**command, "arg": arg}))
        reply = await until(ws, lambda m, number=number: m["type"] == "reply" and m["id"] == number)
        assert reply["ok"], (verb.name, reply)
        if verb.name in ECHO:
            key, value = ECHO[verb.name]
            await until(ws, lambda m, k=key, v=value: m["type"] == "state" and m[k] == v)


class Osc:
    """A desk that says verbs."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def say(self, address: str, arg: Any = None) -> None:
        message = OscMessageBuilder(address)
        if arg is not None:
            message.add_arg(arg)
        self.socket.sendto(message.build().dgram, ("127.0.0.1", self.port))


async def by_osc(ws: ClientConnection, osc: Osc, presets: list[str]) -> None:
    """The same again by OSC, after each switch was put back; each change comes back as state."""
    for verb, key, value in (
        ("hold", "hold", False), ("untildrop", "untilDrop", False), ("blackout", "blackout", False),
        ("sensitivity", "sensitivityDb", -3),
        ("energy", "energyBias", -0.25), ("mode", "mode", "weighted"), ("kind", "kind", "pair"),
    ):  # fmt: skip
        await ws.send(json.dumps({"type": "command", "verb": verb, "arg": value}))
        await until(ws, lambda m, k=key, v=value: m["type"] == "state" and m[k] == v)
    for verb in VERBS:
        arg = presets[0] if verb.name == "preset" else ARGS.get(verb.name)
        if verb.name == "query":
            osc.say("/aivj/query")
            answer = await asyncio.get_running_loop().run_in_executor(None, osc.socket.recv, 4096)
            assert answer.startswith(b"/aivj/state/")
            continue
        osc.say(f"/aivj/{verb.name}", arg)
        if verb.name in ECHO and verb.name != "pack":  # there is only this one, so nothing changes
            key, value = ECHO[verb.name]
            await until(ws, lambda m, k=key, v=value: m["type"] == "state" and m[k] == v)
        elif verb.name == "learn":
            await until(ws, lambda m: m["type"] == "state" and m["osc"]["learning"] == ARGS["learn"])
            osc.say(ARGS["forget"], 1)
            await until(ws, lambda m: m["type"] == "state" and m["osc"]["learnt"])
        elif verb.name == "forget":
            await until(ws, lambda m: m["type"] == "state" and not m["osc"]["learnt"])
        else:
            await asyncio.sleep(0.1)  # its effect is compared below


def test_every_verb_by_websocket_and_osc(demo_pack: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = tmp_path / "config.toml"
    config.write_text(f'[osc]\nin_port = {port}\nlearnt = ""\n', encoding="utf-8")
    library = json.loads((demo_pack / "library-manifest.json").read_bytes())
    presets = [entry["id"] for entry in library["presets"]]
    arguments = ["--config", str(config), "--input", "demo", "--pack", str(demo_pack)]
    osc = Osc(port)
    osc.socket.settimeout(5)

    async def operate(url: str) -> None:
        async with connect(url, subprotocols=[PROTOCOL], compression=None) as ws:
            await ws.send(json.dumps({"type": "hello", "role": "control", "snapshotHz": 0}))
            await until(ws, lambda m: m["type"] == "hello")
            await by_websocket(ws, osc, presets)
            await by_osc(ws, osc, presets)

    with osc.socket, RunningDaemon(*arguments, "--record", str(tmp_path / "sessions")) as daemon:
        asyncio.run(operate(daemon.websocket))
        time.sleep(1)
    folder, *saved = sorted((tmp_path / "sessions").iterdir())
    assert len(saved) == 2
    for one in saved:
        assert one.name.startswith(f"{folder.name}-flight-")
        assert verify(SessionReader(one)).identical
    reader = SessionReader(folder)
    commands = [record for record in reader.records("inputs") if record["type"] == "command"]
    wanted = {verb.name for verb in VERBS if verb.owner != "daemon"} - {"query"}
    # The first of each: later ones put switches back.
    said = {
        way: {r["verb"]: r for r in reversed(commands) if r["origin"].startswith(way)}
        for way in ("ws:", "osc:")
    }
    assert {r["origin"] for r in commands} == {"ws:control#1", "osc:127.0.0.1"}
    assert set(said["ws:"]) == set(said["osc:"]) == wanted
    verdict = verify(reader)
    assert verdict.identical, verdict
    same_effect(said, demo_pack, wanted)


def same_effect(said: dict[str, Any], pack: Path, wanted: set[str]) -> None:
    """Each verb, as it came by either way, into two engines that hear the same: the same bytes follow."""
    music = quantise(DemoTrack(RATE).block(0, 7 * RATE) / np.float32(1 << 15))
    untouched = consequences(pack, music, None)
    moved = set()
    for verb in sorted(wanted):
        by_ws, by_osc = (consequences(pack, music, said[way][verb]) for way in ("ws:", "osc:"))
        assert by_ws == by_osc, verb
        if by_ws != untouched:
            moved.add(verb)
    # `pack` names the pack that is shown anyway; verbs of the beat show in beats, others in states.
    assert moved >= wanted - {"pack"}, f"without effect: {sorted(wanted - {'pack'} - moved)}"


def consequences(pack: Path, music: np.ndarray, record: dict[str, Any] | None) -> bytes:
    """All that an engine says, in canonical JSON, when one input comes at five seconds."""
    header = new_header(Config(), load([pack]).catalog, session="test", seed=11, rate=RATE, source={})
    engine = engine_of_header(header, "test")
    if record is not None:
        engine.accept({**record, "sample": 5 * RATE, "origin": "either"})
    said: list[Any] = []
    for hop in engine.feed(music):
        said += [msgspec.to_builtins(event) for event in (*hop.heard, *hop.decided)]
        said.append(hop.snapshot.gain_db)
    return msgspec.json.encode(said)
