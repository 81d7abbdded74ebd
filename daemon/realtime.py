"""Fewer surprises for the processes that sound or decide: no long collections, and priority if granted."""

from __future__ import annotations

import gc
import os

CAPTURE = 40  # whoever fills the ring comes first
PLAY = 35
ENGINE = 30
AHEAD = 1  # work that is early anyway, but must not starve behind a busy browser


def ask_for_priority(priority: int) -> bool:
    """Real-time priority (SCHED_FIFO) for this thread and those it starts; False if not permitted."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError:
        return False
    return True


def quiet_collector(*, off: bool = False) -> None:
    """Collect now, then leave what has survived alone for good.

    A full collection with numba loaded holds everything up for some 60 ms.

    Args:
        off: also stop collecting, for processes that make no cycles.
    """
    gc.collect()
    gc.freeze()
    if off:
        gc.disable()
