"""Parts of a rig: none is loaded that is not configured, and one that breaks does not stop the show."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from daemon.clock_input import Told
from daemon.config import Config
from daemon.errors import MissingError
from daemon.orders import Orders
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


@pytest.mark.parametrize(
    ("settings", "package", "extra"),
    [
        ({"link": {"mode": "follow"}}, "aalink", "link"),
        ({"midi": {"clock_in": "x"}}, "rtmidi", "midi"),
        ({"midi": {"clock_out": "x"}}, "rtmidi", "midi"),
        ({"midi": {"control_in": "x"}}, "rtmidi", "midi"),
        ({"dmx": {"protocol": "sacn"}}, "sacn.messages.data_packet", "dmx"),
        ({"dmx": {"protocol": "artnet"}}, "stupidArtnet", "dmx"),
    ],
)
def test_a_package_that_is_missing_is_named_at_the_start(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingError) as error:
        rig([], msgspec.convert(settings, Config))
    assert f"aivjd[{extra}]" in str(error.value)
    assert error.value.exit_code == 3


def test_a_recorded_session_hears_no_clock_of_today() -> None:
    told = Told("link", 120.0, 1.0)
    for replaying in (True, False):
        sent: list[dict[str, Any]] = []
        Orders(sent.append, lambda: None, lambda: None, replaying=replaying).clock(told)
        assert sent == ([] if replaying else [told.record()])
