"""A bar on the terminal for work in steps."""

from __future__ import annotations

import sys
from collections.abc import Callable


def steps_bar() -> Callable[[int, int, str], None]:
    """A function of (steps done, of how many, doing what); it does nothing where nobody looks."""
    return _show if sys.stderr.isatty() else _hide


def _show(done: int, total: int, what: str) -> None:
    bar = "#" * (30 * done // max(total, 1))
    print(
        f"\r[{bar:<30}] {done}/{total} {what:<24.24}",
        end="\n" if done >= total else "",
        file=sys.stderr,
        flush=True,
    )


def _hide(_done: int, _total: int, _what: str) -> None:
    return None
