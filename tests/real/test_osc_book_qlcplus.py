"""The files that `aivjd osc-book` writes for QLC+, in a real QLC+ at a real daemon."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from pathlib import Path

import pytest
from qlcplus import free_port, opened
from test_qlcplus_controls import Control, shows_channel, until
from websockets.asyncio.client import connect

from daemon.bench.running import RunningDaemon
from daemon.cli import main
from daemon.osc_qlcplus import widget_of
from daemon.protocol import PROTOCOL

pytestmark = pytest.mark.real


def test_the_example_workspace_shows_and_moves_a_running_daemon(demo_pack: Path, tmp_path: Path) -> None:
    ours, theirs = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM)
    config = tmp_path / "config.toml"
    config.write_text(f"[osc]\nin_port = {ours}\nlearnt = ''\n", encoding="utf-8")
    book = tmp_path / "book"
    assert main(["osc-book", "--out", str(book), "--desk-port", str(theirs), "--config", str(config)]) == 0
    with config.open("a", encoding="utf-8") as file:
        file.write((book / "qlcplus" / "desk.toml").read_text(encoding="utf-8"))

    async def body(url: str, desk) -> None:
        async with connect(url, subprotocols=[PROTOCOL], compression=None) as ws:
            await ws.send(json.dumps({"type": "hello", "role": "control", "snapshotHz": 0}))
            control = Control(ws)
            following = asyncio.create_task(control.follow())
            await desk.ready()
            await until(lambda: control.state)

            hold = widget_of("/aivj/hold/toggle")
            await desk.move_slider(hold, 255)  # its web page presses a button so, too
            await until(lambda: control.state["hold"] is True)
            await desk.move_slider(hold, 0)
            await shows_channel(desk, widget_of("/aivj/state/hold"), 255)

            before = len(control.prepared)
            await desk.move_slider(widget_of("/aivj/next"), 255)
            await until(lambda: len(control.prepared) > before)

            await desk.move_slider(widget_of("/aivj/mode/shuffle"), 255)
            await until(lambda: control.state["mode"] == "shuffle")

            await desk.move_slider(widget_of("/aivj/energy"), 191)
            await until(lambda: abs(control.state["energyBias"] - 0.498) < 0.01)
            await control.say("energy", -1.0)
            await shows_channel(desk, widget_of("/aivj/energy"), 0)
            following.cancel()

    home = tmp_path / "home"
    profiles = home / ".qlcplus" / "inputprofiles"
    profiles.mkdir(parents=True)
    shutil.copy(book / "qlcplus" / "aivjd-osc.qxi", profiles)
    with opened(home, book / "qlcplus" / "aivjd.qxw", theirs) as desk:
        arguments = ["--config", str(config), "--input", "demo", "--pack", str(demo_pack)]
        with RunningDaemon(*arguments, "--no-record") as daemon:
            asyncio.run(body(daemon.websocket, desk))
