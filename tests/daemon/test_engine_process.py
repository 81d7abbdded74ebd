"""The engine's own process, without the process: what reaches it is told, and its state can be had."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from daemon.config import Config
from daemon.engine_link import Handover, pair, receive
from daemon.engine_process import EngineProcess
from daemon.engine_state import dump, restore
from daemon.packs import load
from daemon.replay import engine_of_header
from daemon.ring import INPUT_OVERFLOW, Ring
from daemon.session import Header, new_header

RATE = 48000


class Bench:
    """An engine process with both of its ends in hand."""

    def __init__(self, pack: Path, config: Config) -> None:
        self.header: Header = new_header(
            config, load([pack]).catalog, session="test", seed=5, rate=RATE, source={}
        )
        self.capture = Ring.create("input", 2, 1 << 16, RATE)
        self.analysed = Ring.create("analysed", 2, 1 << 18, RATE, "int32", readers=0)
        self.main, theirs = pair()
        theirs.setblocking(False)
        self.main.setblocking(False)
        fds = [*self.capture.fds, *self.analysed.fds]
        self.process = EngineProcess(theirs, Handover(self.header, (1, 2)), fds)

    def play(self, music: np.ndarray) -> None:
        """int32[n, 2] holding 24-bit integers, as the device would give it."""
        for start in range(0, len(music), 4096):
            self.capture.write((music[start : start + 4096] / 2**23).astype(np.float32))
            self.process._from_ring()

    def close(self) -> None:
        self.main.close()
        self.process.link.close()

    def order(self, **message: Any) -> None:
        self.main.send(msgspec.json.encode(message))
        self.process._from_main()

    def said(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        while True:
            try:
                data, attached = receive(self.main)
            except BlockingIOError:
                return
            if data[:1] != b"A":
                yield msgspec.json.decode(data), attached

    def inputs(self) -> list[dict[str, Any]]:
        return [record for message, _ in self.said() for record in message.get("applied", ())]


@pytest.fixture
def bench(demo_pack: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """With the default configuration, or the one given by `parametrize`."""
    built = Bench(demo_pack, msgspec.convert(getattr(request, "param", {}), Config))
    yield built
    built.close()


@pytest.fixture(scope="module")
def song(music: Callable[..., np.ndarray]) -> np.ndarray:
    return music(40, 6.0)


def test_what_the_device_lost_is_an_input(bench: Bench, song: np.ndarray) -> None:
    bench.play(song[:RATE])
    bench.capture.note_status(INPUT_OVERFLOW)
    bench.capture.note_status(INPUT_OVERFLOW)
    bench.play(song[RATE : 2 * RATE])
    (record,) = (record for record in bench.inputs() if record["type"] == "overflow")
    assert record == {"type": "overflow", "sample": RATE // 256 * 256, "count": 0, "reports": 2}


def test_what_went_by_unheard_is_silence_and_an_input(bench: Bench, song: np.ndarray) -> None:
    bench.play(song[:RATE])
    for _ in range(20):  # more than the ring holds, before the engine looks again
        bench.capture.write(np.zeros((4096, 2), np.float32))
    bench.process._from_ring()
    (record,) = (record for record in bench.inputs() if record["type"] == "overflow")
    assert record["count"] > 4096
    assert bench.analysed.written == RATE + 20 * 4096


def test_its_state_comes_between_what_led_to_it_and_what_follows(bench: Bench, song: np.ndarray) -> None:
    bench.play(song[: 3 * RATE])
    bench.order(op="state")
    expected, position = dump(bench.process.engine), bench.process.engine.position
    bench.play(song[3 * RATE :])
    messages = list(bench.said())
    (at,) = (index for index, (message, _) in enumerate(messages) if "state" in message)
    assert messages[at] == ({"state": position}, expected)
    before = [m["position"] for m, _ in messages[:at] if "position" in m]
    after = [m["position"] for m, _ in messages[at:] if "position" in m]
    assert before[-1] <= position < after[0]
    fresh = engine_of_header(bench.header, "test")
    restore(fresh, expected, "test")
    assert fresh.position == position


def test_a_state_waits_its_turn_when_main_does_not_read(bench: Bench, song: np.ndarray) -> None:
    bench.main.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    bench.process.link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    bench.play(song[: 3 * RATE])
    bench.order(op="state")
    assert bench.process.backlog
    bench.play(song[3 * RATE :])
    heard: list[dict[str, Any]] = []
    while bench.process.backlog:
        heard += [message | {"data": attached} for message, attached in bench.said()]
        bench.process._flush()
    heard += [message | {"data": attached} for message, attached in bench.said()]
    positions = [
        m["position"] if "position" in m else m["state"] for m in heard if {"position", "state"} & m.keys()
    ]
    assert positions == sorted(positions)
    assert [len(m["data"]) > 100_000 for m in heard if "state" in m] == [True]


@pytest.mark.parametrize("bench", [{"dsp": {"beat_engine": "aubio"}}], indirect=True)
def test_a_beat_engine_that_keeps_its_state_to_itself_says_so(bench: Bench, song: np.ndarray) -> None:
    bench.play(song[:RATE])
    bench.order(op="state")
    (answer,) = (message for message, _ in bench.said() if "state" in message)
    assert answer["state"] is None
    assert "aubio keeps its state to itself" in answer["why"]


def test_a_pick_and_what_a_successor_must_know_come_together(bench: Bench, song: np.ndarray) -> None:
    """Else an engine that dies between the two is followed by one that picks again what was logged."""
    bench.play(song)
    picks = [
        message for message, _ in bench.said() if any(log == "picks" for log, _ in message.get("logs", ()))
    ]
    assert picks
    for message in picks:
        last = [record for log, record in message["logs"] if log == "picks"][-1]
        assert message["resume"]["prev"] == last["hash"]
