"""Stretches of a session, replayed by several processes at the same time.

Each process is a copy of one that has loaded the kernels. What it says is taken in the order of the
stretches, so that the first divergence is the same however many there are. One that dies, or says nothing any
more, is a finding about the state it began with.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from time import monotonic
from typing import Any

from daemon import kernel_cache
from daemon.errors import SessionError
from daemon.session import SessionReader
from daemon.stretches import Line, Stretch, replay
from daemon.verdict import DivergedError

PATIENCE_S = 120.0
"""A process that says nothing for so long hangs; it should say something several times a second."""
TELL_S = 0.2
TASKS_A_JOB = 4
"""Stretches for each process, so that all end at about the same time."""


class _Worker:
    """A process and what it works on."""

    def __init__(self, context: Any, folder: Path, block: int | None) -> None:
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, folder, block), daemon=True)
        self.process.start()
        theirs.close()
        self.task: int | None = None
        self.position = 0
        self.heard = monotonic()

    def give(self, number: int, stretch: Stretch) -> None:
        self.task, self.position, self.heard = number, stretch.first, monotonic()
        with suppress(OSError):  # it is dead already: `_listen` finds the end of what it says
            self.connection.send(stretch)

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


def replay_in_parallel(
    reader: SessionReader,
    tasks: list[Stretch],
    jobs: int,
    *,
    block: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Line | int]:
    """What `stretches.replay` gives, one stretch after the other.

    Raises:
        DivergedError: as there, and where a process dies or hangs.
        SessionError: as there.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    kernel_cache.activate()
    crew = [_Worker(context, reader.folder, block) for _ in range(min(jobs, len(tasks)))]
    said: list[deque[Any]] = [deque() for _ in tasks]
    coming: Iterator[tuple[int, Stretch]] = iter(enumerate(tasks))
    done = 0
    try:
        for worker in crew:
            worker.give(*next(coming))
        for number, stretch in enumerate(tasks):
            ended = False
            while not ended:
                while said[number]:
                    match said[number].popleft():
                        case ("lines", lines):
                            yield from lines
                        case ("end", position):
                            yield position
                            ended = True
                        case ("diverged", *found):
                            raise DivergedError(*found)
                        case ("unreadable", what, where, fix):
                            raise SessionError(what, where=where, fix=fix)
                if not ended:
                    for worker, stretch_done, good in _listen(crew, said, tasks):
                        done += stretch_done.end - stretch_done.first
                        worker.task = None
                        if not good:
                            coming = iter(())  # all that comes before it is given out already
                        elif (task := next(coming, None)) is not None:
                            worker.give(*task)
                    if progress:
                        under_way = [w.position - tasks[w.task].first for w in crew if w.task is not None]
                        progress(reader.first + done + sum(under_way))
            if position < stretch.end and number < len(tasks) - 1:
                return  # the audio of an unfinished recording ends here
    finally:
        for worker in crew:
            worker.end()


def _listen(
    crew: list[_Worker], said: list[deque[Any]], tasks: list[Stretch]
) -> list[tuple[_Worker, Stretch, bool]]:
    """Take in what was said; give the workers that came to an end, with what, and whether all went well."""
    busy = {worker.connection: (worker, worker.task) for worker in crew if worker.task is not None}
    ended = []
    for connection in wait(list(busy), timeout=1.0):
        assert isinstance(connection, Connection)
        worker, number = busy.pop(connection)
        worker.heard = monotonic()
        try:
            message = connection.recv()
        except (EOFError, ConnectionResetError):
            message = _lost(tasks[number], "its process ended")
        if message[0] == "at":
            worker.position = message[1]
            continue
        said[number].append(message)
        if message[0] != "lines":
            ended.append((worker, tasks[number], message[0] == "end"))
    for worker, number in busy.values():
        if monotonic() - worker.heard > PATIENCE_S:
            said[number].append(_lost(tasks[number], f"it says nothing for {PATIENCE_S:.0f} s"))
            ended.append((worker, tasks[number], False))
    return ended


def _lost(stretch: Stretch, why: str) -> tuple[str, ...]:
    where = f"sample {stretch.first}" if stretch.state is None else f"states/{stretch.state.sample}.bin"
    return (
        "diverged",
        "state",
        where,
        f"the engine does not come through the stretch that begins here ({why})",
    )


def _work(connection: Connection, folder: Path, block: int | None) -> None:
    """Entry of a process: replays what it is given, until it is ended."""
    reader = SessionReader(folder)
    while True:
        try:
            stretch = connection.recv()
        except EOFError:
            return
        _tell(connection, reader, stretch, block)


def _tell(connection: Connection, reader: SessionReader, stretch: Stretch, block: int | None) -> None:
    lines: list[Line] = []
    told = monotonic()

    def progress(position: int) -> None:
        nonlocal told
        if monotonic() - told >= TELL_S:
            told = monotonic()
            connection.send(("at", position))

    try:
        for item in replay(reader, stretch, block=block, progress=progress):
            if isinstance(item, int):
                connection.send(("lines", lines))
                connection.send(("end", item))
                return
            lines.append(item)
            if len(lines) >= 256:
                connection.send(("lines", lines))
                lines = []
    except DivergedError as found:
        connection.send(("lines", lines))
        connection.send(("diverged", found.cause, found.where, found.message))
    except SessionError as error:
        connection.send(("lines", lines))
        connection.send(("unreadable", error.what, error.where, error.fix))
