"""Made ahead by a thread: a slow disk makes no gap, and decoding needs no interpreter lock."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 1.0
"""For an item that is being made when no more are wanted; a disk that hangs keeps nobody waiting longer."""


def ahead(
    items: Iterator[T], depth: int = 16, *, prepare: Callable[[], object] = lambda: None
) -> Iterator[T]:
    """The same items; an error of `items` is raised here, after all that came before it.

    Args:
        items: used by the thread alone from here on.
        depth: how many are made early at most.
        prepare: called first by the thread, for its priority.
    """
    made: queue.Queue[tuple[str, object]] = queue.Queue(depth)
    enough = threading.Event()

    def put(item: tuple[str, object]) -> bool:
        while not enough.is_set():
            try:
                made.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def make() -> None:
        prepare()
        try:
            for item in items:
                if not put(("item", item)):
                    return
            put(("end", None))
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the caller
            put(("error", error))

    thread = threading.Thread(target=make, name="ahead", daemon=True)
    thread.start()
    try:
        while True:
            kind, item = made.get()
            if kind == "error":
                raise item  # type: ignore[misc]
            if kind == "end":
                return
            yield item  # type: ignore[misc]
    finally:
        enough.set()
        thread.join(PATIENCE_S)
