"""What outlives a session is there in the next one, whatever happens to the file."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import connect

from daemon import memory as store
from daemon.bench.running import RunningDaemon
from daemon.config import Config
from daemon.engine import Engine
from daemon.memory import MemoryFile
from daemon.server import PROTOCOL
from daemon.session import SessionReader
from daemon.verify import verify
from selector.catalog import Item
from selector.cues import CuePlace
from selector.liking import Liked
from selector.memory import Memory
from selector.quarantine import Detention, Strikes
from tests.golden.catalogue import catalogue

RATE = 48000
PAIR, PRESET = Item("pair", "alpha", 12), Item("preset", "beta", "beta-03")
WHOLE = Memory(
    banned=(PRESET, PAIR),
    liked=(Liked(PAIR, 2), Liked(PRESET, -3)),
    quarantine=(Detention(PAIR, "failed: link", 600 * RATE),),
    strikes=(Strikes(PAIR, 3),),
    cue=CuePlace("c" * 64, 2, -90 * RATE),
)


class Words(list[str]):
    """Warnings as they come."""

    def __call__(self, sentence: str) -> None:
        self.append(sentence)


def kept(path: Path, memory: Memory, words: Words | None = None) -> MemoryFile:
    file = MemoryFile(path, words if words is not None else Words())
    file.note(memory, RATE)
    file.close()
    return file


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "memory.sqlite3"
    words = Words()
    assert MemoryFile(path, words).load(RATE) == Memory()
    kept(path, WHOLE, words)
    found = MemoryFile(path, words).load(44100)
    assert (found.banned, found.liked, found.strikes) == (WHOLE.banned, WHOLE.liked, WHOLE.strikes)
    assert found.cue is not None
    assert (found.cue.list, found.cue.scene) == ("c" * 64, 2)
    assert -95 * 44100 < found.cue.since <= -90 * 44100
    (held,) = found.quarantine
    assert (held.item, held.reason) == (PAIR, "failed: link")
    assert 595 * 44100 < held.until_sample <= 600 * 44100
    assert words == []


def test_quarantine_goes_on_while_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m"
    kept(path, WHOLE)
    later = time.time() + 3600
    monkeypatch.setattr(store, "time", lambda: later)
    found = MemoryFile(path, Words()).load(RATE)
    assert found.quarantine == ()
    assert found.cue is not None
    monkeypatch.setattr(store, "time", lambda: later + 6 * 3600)
    assert MemoryFile(path, Words()).load(RATE).cue is None  # another night


def test_an_older_layout_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "m"
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE meta (version INTEGER)")
        file.execute("INSERT INTO meta VALUES (1)")
        for statement in store.MIGRATIONS[0]:
            file.execute(statement)
        file.execute("INSERT INTO items VALUES ('ban', 'pair', 'alpha', '12', 'null')")
    file.close()
    words = Words()
    assert MemoryFile(path, words).load(RATE).banned == (PAIR,)
    kept(path, WHOLE)
    assert MemoryFile(path, words).load(RATE).banned == WHOLE.banned
    assert words == []


@pytest.mark.parametrize("damage", ["noise", "newer", "value", "middle"])
def test_a_file_that_cannot_be_used_is_moved_aside_and_the_show_goes_on(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "m"
    many = tuple(Item("pair", "alpha", n) for n in range(3000))
    kept(path, msgspec.structs.replace(WHOLE, banned=many))
    if damage in ("newer", "value"):
        with sqlite3.connect(path) as file:
            file.execute(
                "UPDATE meta SET version = 99" if damage == "newer" else "UPDATE items SET value = '{'"
            )
        file.close()
    else:
        data = bytearray(path.read_bytes())
        rng = random.Random(3)
        at = range(len(data)) if damage == "noise" else range(8192, len(data))
        for place in at:
            data[place] = rng.randrange(256)
        path.write_bytes(data)
    words = Words()
    file = MemoryFile(path, words)
    assert file.load(RATE) == Memory()
    assert len(words) == 1
    (aside,) = tmp_path.glob("m.damaged-*")
    assert aside.name in words[0]
    file.note(WHOLE, RATE)
    file.close()
    assert MemoryFile(path, words).load(RATE).banned == WHOLE.banned
    assert len(words) == 1


def test_a_full_disk_is_said_once_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, words = tmp_path / "m", Words()
    kept(path, WHOLE)
    connect = sqlite3.connect

    def small(*args: Any, **more: Any) -> sqlite3.Connection:
        file = connect(*args, **more)
        file.execute("PRAGMA max_page_count = 8")
        return file

    monkeypatch.setattr(store.sqlite3, "connect", small)
    many = tuple(Item("pair", "alpha", n) for n in range(5000))
    for turn in range(3):
        kept(path, Memory(banned=many[turn:]), words)
    file = MemoryFile(path, words)
    for turn in range(2):
        file._written = None
        file._write(Memory(banned=many[turn:]), RATE)
    assert len(words) == 4  # once for each file that was opened
    assert all("cannot be kept" in sentence for sentence in words)
    assert MemoryFile(path, words).load(RATE).banned == WHOLE.banned  # what was there is whole
    monkeypatch.undo()
    file.note(Memory(banned=many), RATE)
    file.close()
    assert MemoryFile(path, words).load(RATE).banned == many


def test_killed_while_it_writes_the_file_holds_a_whole_state(tmp_path: Path) -> None:
    path = tmp_path / "m"
    script = """
import sys
from pathlib import Path
from daemon.memory import MemoryFile
from daemon.server import PROTOCOL
from daemon.session import SessionReader
from daemon.verify import verify
from selector.catalog import Item
from selector.memory import Memory
file = MemoryFile(Path(sys.argv[1]), print)
n = 0
while True:
    n += 1
    file._write(Memory(banned=tuple(Item("pair", "alpha", k) for k in range(n % 300 + 1))), 48000)
    print(n, flush=True)
"""
    for wait in (1, 7, 23):
        child = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for _ in range(wait):
            last = int(child.stdout.readline())
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        words = Words()
        banned = MemoryFile(path, words).load(RATE).banned
        assert words == []
        assert len(banned) >= last % 300 + 1
        assert banned == tuple(Item("pair", "alpha", n) for n in range(len(banned)))


def test_a_session_begins_with_what_was_kept_and_replays_from_its_header() -> None:
    memory = msgspec.convert(msgspec.to_builtins(WHOLE), Memory)
    engine = Engine(Config(), catalogue(), seed=1, rate=RATE, memory=memory)
    state = engine.selector.state
    assert state.banned == ("beta:beta-03", "alpha:12")
    assert [(e.id, e.steps) for e in state.liked] == [("alpha:12", 2), ("beta:beta-03", -3)]
    assert [q.id for q in state.quarantined] == ["alpha:12"]
    resumed = engine.selector.resume_state()
    assert resumed.strikes == WHOLE.strikes


@pytest.mark.slow
def test_a_ban_and_a_liking_are_there_the_next_night(demo_pack: Path, tmp_path: Path) -> None:
    arguments = ("--input", "demo", "--pack", str(demo_pack), "--record", str(tmp_path / "sessions"))
    asyncio.run(
        one_night(arguments, [("ban", "demo:7"), ("less", "demo:9"), ("undo", None), ("more", "demo:8")])
    )
    state = asyncio.run(one_night(arguments, []))
    assert state["banned"] == ["demo:7"]
    assert state["liked"] == [{"id": "demo:8", "steps": 1}]
    folders = sorted((tmp_path / "sessions").iterdir())
    second = SessionReader(folders[-1])
    assert second.header.memory is not None
    assert verify(second).identical
    assert (tmp_path / "aivjd-memory.sqlite3").exists()


async def one_night(arguments: tuple[str, ...], says: list[tuple[str, Any]]) -> dict[str, Any]:
    """Run the daemon, say something to it, and return the last state it tells."""
    with RunningDaemon(*arguments) as daemon:
        async with connect(daemon.websocket, subprotocols=[PROTOCOL], compression=None) as ws:
            await ws.send(json.dumps({"type": "hello", "role": "control", "snapshotHz": 0}))
            hello = json.loads(await ws.recv())
            state: dict[str, Any] = hello["state"]
            for verb, arg in says:
                await ws.send(json.dumps({"type": "command", "verb": verb, "arg": arg, "id": verb}))
            async with asyncio.timeout(20):
                while not (state["now"] and state["banned"] and state["liked"]):
                    message = json.loads(await ws.recv())
                    state = message if message["type"] == "state" else state
        return state
