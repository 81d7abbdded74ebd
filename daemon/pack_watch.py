"""Looks whether the manifests of packs change while the show runs, and has them read anew.

A version that cannot be used is refused with its reason, and the one before stays. What is read becomes an
input of the engine, named by its hash, so that the session replays.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from daemon.errors import AivjdError, ManifestError
from daemon.packs import LEFT_OUT, Loaded, load, manifests_of

WATCH_S = 2.0
log = logging.getLogger("aivjd")

Signature = list[tuple[str, int, int]]


async def watch(
    places: Sequence[Path],
    packs: Callable[[], Collection[str]],
    restock: Callable[[Loaded], bool],
    warn: Callable[[str], None],
) -> None:
    """Until it is cancelled.

    Args:
        places: of the packs.
        packs: names of those in use.
        restock: gets the packs once they changed; False where that was in vain and must be tried again.
        warn: tells the operator a sentence.
    """
    used: Signature | None = await asyncio.to_thread(signature, places)
    seen = used
    while True:
        await asyncio.sleep(WATCH_S)
        now = await asyncio.to_thread(signature, places)
        quiet, seen = now == seen, now
        if now == used or not quiet:  # what is being written is not read
            continue
        used = now
        try:
            loaded = await asyncio.to_thread(read, places, packs())
        except AivjdError as error:
            warn(f"packs have changed and cannot be used, those before stay: {error}")
            continue
        if not restock(loaded):
            used = None
            continue
        for warning in loaded.warnings:
            warn(warning)
        log.info("packs have changed; chosen from now: %s", ", ".join(sorted(loaded.folders)))


def read(places: Sequence[Path], used: Collection[str]) -> Loaded:
    """Packs as they are now.

    Raises:
        AivjdError: one of those in use cannot be used any more.
    """
    loaded = load(places)
    gone = sorted({*used} - {*loaded.folders})
    if gone:
        why = " ".join(warning for warning in loaded.warnings if warning.startswith(LEFT_OUT))
        raise ManifestError(f"{', '.join(gone)}: {why}", fix="mend the pack; it is read again by itself")
    return loaded


def signature(places: Sequence[Path]) -> Signature:
    """What tells that a manifest was written anew: path, time and size of each."""
    found = []
    for place in places:
        for path in manifests_of(place):
            try:
                known = path.stat()
            except OSError:
                continue
            found.append((str(path), known.st_mtime_ns, known.st_size))
    return found
