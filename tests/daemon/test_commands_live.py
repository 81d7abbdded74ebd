"""Every verb through a websocket and through OSC, on a running daemon; the session with them verifies."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from pythonosc.osc_message_builder import OscMessageBuilder
from websockets.asyncio.client import ClientConnection, connect

from daemon.bench.running import RunningDaemon
from daemon.protocol import PROTOCOL
from daemon.session import SessionReader
from daemon.verify import verify
from selector.vocabulary import VERBS

pytestmark = pytest.mark.slow

# What to send, and what the state says of it afterwards.
ARGS: dict[str, Any] = {
    "hold": True,
    "blackout": True,
    "nudge": 20.0,
    "sensitivity": 6.0,
    "energy": 0.5,
    "mode": "random",
    "kind": "preset",
    "pack": "demo",
    "pair": "3",
}
ECHO = {
    "hold": ("hold", True),
    "blackout": ("blackout", True),
    "sensitivity": ("sensitivityDb", 6),
    "energy": ("energyBias", 0.5),
    "mode": ("mode", "random"),
    "kind": ("kind", "preset"),
    "pack": ("pack", "demo"),
}


async def until(ws: ClientConnection, wanted: Any) -> dict[str, Any]:
    """The first message for which `wanted(message)` holds."""
    async with asyncio.timeout(5):
        while True:
            message = json.loads(await ws.recv())
            if wanted(message):
                return message


async def by_websocket(ws: ClientConnection, presets: list[str]) -> None:
    for number, verb in enumerate(VERBS):
        command = {"type": "command", "verb": verb.name, "id": number}
        arg = presets[0] if verb.name == "preset" else ARGS.get(verb.name)
        await ws.send(json.dumps(command if arg is None else {**command, "arg": arg}))
        reply = await until(ws, lambda m, number=number: m["type"] == "reply" and m["id"] == number)
        assert reply["ok"], (verb.name, reply)
        if verb.name in ECHO:
            key, value = ECHO[verb.name]
            await until(ws, lambda m, k=key, v=value: m["type"] == "state" and m[k] == v)


async def by_osc(ws: ClientConnection, port: int) -> None:
    """Back again by OSC: each change comes back as state."""
    back = {
        "hold": (0, "hold", False),
        "blackout": (0.0, "blackout", False),
        "sensitivity": (-3.0, "sensitivityDb", -3),
        "energy": (-0.25, "energyBias", -0.25),
        "mode": ("weighted", "mode", "weighted"),
        "kind": ("pair", "kind", "pair"),
    }
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as desk:
        for verb, (arg, key, value) in back.items():
            message = OscMessageBuilder(f"/aivj/{verb}")
            message.add_arg(arg)
            desk.sendto(message.build().dgram, ("127.0.0.1", port))
            await until(ws, lambda m, k=key, v=value: m["type"] == "state" and m[k] == v)


def test_every_verb_by_websocket_and_osc(demo_pack: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = tmp_path / "config.toml"
    config.write_text(f"[osc]\nin_port = {port}\n", encoding="utf-8")
    library = json.loads((demo_pack / "library-manifest.json").read_bytes())
    presets = [entry["id"] for entry in library["presets"]]
    arguments = ["--config", str(config), "--input", "demo", "--pack", str(demo_pack)]

    async def operate(url: str) -> None:
        async with connect(url, subprotocols=[PROTOCOL], compression=None) as ws:
            await ws.send(json.dumps({"type": "hello", "role": "control", "snapshotHz": 0}))
            await until(ws, lambda m: m["type"] == "hello")
            await by_websocket(ws, presets)
            await by_osc(ws, port)

    with RunningDaemon(*arguments, "--record", str(tmp_path / "sessions")) as daemon:
        asyncio.run(operate(daemon.websocket))
        time.sleep(1)
    folder, saved = sorted((tmp_path / "sessions").iterdir())
    assert saved.name.startswith(f"{folder.name}-flight-")
    assert verify(SessionReader(saved)).identical
    reader = SessionReader(folder)
    verbs = [record["verb"] for record in reader.records("inputs") if record["type"] == "command"]
    assert set(verbs) == {verb.name for verb in VERBS} - {"query", "save"}
    verdict = verify(reader)
    assert verdict.identical, verdict
