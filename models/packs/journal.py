"""What a sync has done so far, so that it goes on where it was interrupted, in bounded memory.

One JSON line an item, in the order of the source. The first line names the plan: another plan begins anew.
Lines are read back one at a time to write the manifests.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

NAME = ".sync-journal.jsonl"
SYNC_EVERY = 500


class Journal:
    """The journal of the sync in `folder`, open for appending; a context manager.

    Attributes:
        done: number of items that are in it.
    """

    def __init__(self, folder: Path, plan: dict[str, Any]) -> None:
        self._path = folder / NAME
        self._plan = json.dumps(plan, sort_keys=True)
        self.done = self._recover()
        self._file = self._path.open("a", encoding="utf-8")
        self._unsynced = 0
        if self._path.stat().st_size == 0:
            self._file.write(self._plan + "\n")

    def _recover(self) -> int:
        """Cut off what a kill left half written; empty the journal of another plan."""
        if not self._path.exists():
            return 0
        keep, items = 0, -1
        with self._path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n") or (items < 0 and line.decode("utf-8").strip() != self._plan):
                    break
                keep += len(line)
                items += 1
        with self._path.open("r+b") as file:
            file.truncate(keep)
        return max(items, 0)

    def add(self, row: dict[str, Any]) -> None:
        """Append what became of the next item; its files are on disk."""
        self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.done += 1
        self._unsynced += 1
        if self._unsynced >= SYNC_EVERY:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._unsynced = 0

    def rows(self) -> Iterator[dict[str, Any]]:
        """Everything that was added, in order."""
        self._file.flush()
        with self._path.open(encoding="utf-8") as file:
            next(file, None)
            for line in file:
                yield json.loads(line)

    def remove(self) -> None:
        """Close and delete it: the pack is whole."""
        self.close()
        self._path.unlink()

    def close(self) -> None:
        """Close it, to go on another time."""
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
