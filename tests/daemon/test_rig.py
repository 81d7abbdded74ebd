"""Parts of a rig: none is loaded that is not configured, and one that breaks does not stop the show."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from daemon.config import Config
from daemon.rig import Rig

OPTIONAL = ("aalink", "rtmidi", "sacn", "stupidArtnet", "daemon.clocks.link", "daemon.dmx")


class Broken:
    """A part that fails where it is told to."""

    def __init__(self, where: str) -> None:
        self.where = where

    def _fail(self, here: str) -> None:
        if self.where == here:
            raise OSError("unplugged")

    async def run(self) -> None:
        self._fail("run")
        await asyncio.sleep(60)

    def snapshot(self, snapshot: Mapping[str, Any]) -> None:
        self._fail("snapshot")

    def announced(self, wire: Mapping[str, Any]) -> None:
        self._fail("announced")

    def describe(self) -> str:
        self._fail("describe")
        return "well"


def rig(warnings: list[str], config: Config | None = None) -> Rig:
    return Rig(config or Config(), lambda told: None, lambda *command: None, warnings.append, lambda: None)


def test_by_default_there_is_nothing_and_nothing_is_loaded() -> None:
    assert not rig([]).parts
    code = f"import sys, daemon.app; print([name for name in {OPTIONAL!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize("where", ["run", "snapshot", "announced", "describe"])
def test_a_part_that_breaks_is_left_out_and_named(where: str) -> None:
    warnings: list[str] = []

    async def life() -> None:
        whole = rig(warnings)
        whole.parts = {"good": Broken("nowhere"), "bad": Broken(where)}
        whole.start()
        for _ in range(3):
            await asyncio.sleep(0)
            whole.snapshot({})
            whole.announced({})
        assert list(whole.parts) == ["good"]
        assert whole.describe() in ({"good": "well"}, {"good": "well", "bad": "well"})
        await whole.stop()

    asyncio.run(life())
    assert len(warnings) == 1
    assert "bad" in warnings[0]
    assert "unplugged" in warnings[0]
