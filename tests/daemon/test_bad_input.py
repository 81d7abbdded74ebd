"""Whatever comes in, a running daemon answers with a sentence and goes on; each case is a real process."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from daemon.bench.running import RunningDaemon
from daemon.cli import main
from daemon.protocol import PROTOCOL

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Running(RunningDaemon):
    """A daemon with a device that does not exist, one broken pack, and OSC."""

    osc_port = 0


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, demo_pack: Path) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("bad")
    broken = folder / "broken"
    broken.mkdir()
    (broken / "pairs-manifest.v0.json").write_text("{", encoding="utf-8")
    port = free_port()
    config = folder / "config.toml"
    config.write_text(f"[osc]\nin_port = {port}\n", encoding="utf-8")
    arguments = ["--config", str(config), "--input", "no such device 42", "--no-record"]
    running = Running(*arguments, "--pack", str(broken), "--pack", str(demo_pack))
    running.osc_port = port
    with running:
        yield running


def ask(daemon: Running, *frames: str, role: str = "control", until: str = "error") -> list[dict[str, Any]]:
    """What the daemon says to a client that sends `frames`, up to the first message of type `until`."""

    async def talk() -> list[dict[str, Any]]:
        async with connect(daemon.websocket, subprotocols=[PROTOCOL], compression=None) as ws:
            await ws.send(json.dumps({"type": "hello", "role": role, "name": "test", "snapshotHz": 20}))
            said = [json.loads(await asyncio.wait_for(ws.recv(), 5))]
            for frame in frames:
                await ws.send(frame)
            return said + await collect(ws, until)

    return asyncio.run(talk())


async def collect(ws: ClientConnection, until: str) -> list[dict[str, Any]]:
    said = []
    async with asyncio.timeout(8):
        while not said or said[-1]["type"] != until:
            said.append(json.loads(await ws.recv()))
    return said


def alive(daemon: Running) -> dict[str, Any]:
    """The snapshot that proves that hearing goes on, taken now."""
    said = ask(daemon, until="snapshot")
    assert daemon.process.poll() is None
    return said[-1]


def test_a_missing_device_is_named_and_the_show_goes_on(daemon: Running) -> None:
    state = ask(daemon, until="snapshot")[0]["state"]
    assert state["input"]["state"] in ("noInput", "stalled")
    message = state["input"]["message"]
    assert "no such device 42" in message or "no audio input" in message
    assert message.endswith(".")
    assert "aivjd devices" in message or "--input demo" in message
    first, second = alive(daemon), alive(daemon)
    assert second["tSamples"] > first["tSamples"]  # the clock goes on with zeros
    assert second["audioValid"] is False


def test_a_broken_manifest_is_named_and_the_other_pack_plays(daemon: Running) -> None:
    state = ask(daemon, until="snapshot")[0]["state"]
    assert state["packs"] == ["demo"]
    assert any("broken/pairs-manifest.v0.json" in warning for warning in state["warnings"])


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ("{not json", ["not JSON"]),
        ("[]", ["not a JSON object"]),
        ('{"type":"nonsense"}', ["key 'type'"]),
        ('{"type":"command"}', ["key 'verb'", "required"]),
        ('{"type":"command","verb":"explode"}', ["explode", "next"]),
        ('{"type":"command","verb":"mode","arg":"wild"}', ["weighted", "wild"]),
        ('{"type":"ack","seq":1,"phase":"shown"}', ["role 'control'"]),
    ],
)
def test_a_malformed_frame_is_answered_and_changes_nothing(
    daemon: Running, frame: str, words: list[str]
) -> None:
    said = ask(daemon, frame)
    for word in words:
        assert word in said[-1]["message"], said[-1]
    alive(daemon)


def test_a_malformed_osc_packet_is_complained_about_and_changes_nothing(daemon: Running) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as desk:
        for packet in (
            b"",
            b"\0",
            b"/aivj/next",
            b"/aivj/hold\0\0,f\0\0",
            b"#bundle\0" + b"\xff" * 12,
            b"\xff" * 900,
        ):
            desk.sendto(packet, ("127.0.0.1", daemon.osc_port))
        desk.sendto(b"/aivj/hold\0\0,i\0\0\0\0\0\1", ("127.0.0.1", daemon.osc_port))  # a good one, after them
    time.sleep(1.0)
    assert ask(daemon, until="snapshot")[0]["state"]["hold"] is True
    assert any("OSC from 127.0.0.1 was not used" in line for line in daemon.lines)


def test_a_preset_that_fails_in_the_browser_is_replaced_and_quarantined(daemon: Running) -> None:
    async def fail_the_current_one() -> dict[str, Any]:
        async with connect(daemon.websocket, subprotocols=[PROTOCOL], compression=None) as ws:
            await ws.send(json.dumps({"type": "hello", "role": "stage", "name": "test", "snapshotHz": 0}))
            hello = json.loads(await ws.recv())
            release = json.dumps({"type": "command", "verb": "hold", "arg": False})
            async with connect(daemon.websocket, subprotocols=[PROTOCOL], compression=None) as control:
                await control.send(json.dumps({"type": "hello", "role": "control"}))
                await control.send(release)
                # A browser that has shown something well is believed when something else fails.
                current = (hello["current"] or hello["next"])["seq"]
                await ws.send(json.dumps({"type": "ack", "seq": current, "phase": "shown", "lateMs": 0}))
                await control.send(json.dumps({"type": "command", "verb": "next"}))
                prepared = (await collect(ws, "prepare"))[-1]["seq"]
                failed = {"type": "ack", "seq": prepared, "phase": "failed", "reason": "missing file: 404"}
                await ws.send(json.dumps(failed))
                return (await collect(ws, "prepare"))[-1] | {"failed": prepared}

    replacement = asyncio.run(fail_the_current_one())
    assert replacement["seq"] > replacement["failed"]
    state = ask(daemon, until="snapshot")[0]["state"]
    assert any("missing file: 404" in item["reason"] for item in state["quarantined"])


def test_what_cannot_be_started_with_is_refused(
    tmp_path: Path, demo_pack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, words in [
        (["--config", str(tmp_path / "none.toml")], "cannot read the configuration"),
        (["--pack", str(tmp_path)], "neither pairs-manifest.v0.json nor library-manifest.json"),
        (["--pack", str(demo_pack), "--mode", "wild"], "selector.select.mode"),
        (["--pack", str(demo_pack), "--input", "file:/nowhere.wav"], "no such audio file"),
    ]:
        assert main(["run", "--port", "0", "--no-record", *arguments]) == 2
        assert words in capsys.readouterr().err


@pytest.mark.parametrize("command", ["analyze", "replay"])
def test_an_audio_file_that_cannot_be_read_gets_its_sentence(
    tmp_path: Path, demo_pack: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    text = tmp_path / "noise.wav"
    text.write_text("this is no audio", encoding="utf-8")
    more = ["--pack", str(demo_pack)] if command == "replay" else []
    for path, words in [(tmp_path / "none.wav", "no such file"), (text, "not an audio file")]:
        assert main([command, str(path), *more]) == 2
        assert f"{path}: {words}" in capsys.readouterr().err
