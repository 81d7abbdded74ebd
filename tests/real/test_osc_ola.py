"""Our OSC at OLA: another implementation, and values in DMX channels."""

import time
from pathlib import Path

import ola
import pytest

from daemon.bench.running import RunningDaemon
from daemon.osc_desks import Desks
from daemon.osc_out import OscSender
from daemon.osc_table import BY_ADDRESS
from daemon.settings import DeskSettings, OscSettings

pytestmark = pytest.mark.real

ADDRESSES = {
    "/aivj/level/energy": "/dmx/universe/1/1",
    "/aivj/level/bass": "/dmx/universe/1/2",
    "/aivj/section/drop": "/dmx/universe/1/3",
    "/aivj/state/hold": "/dmx/universe/1/4",
    "/aivj/level/pulse": "/dmx/universe/1/5",
}


def until(true, within=10.0):
    deadline = time.monotonic() + within
    while not (seen := true()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return seen


@pytest.mark.parametrize("numbers", ["0..1", "0..255"])
def test_values_reach_dmx_channels(tmp_path, numbers):
    with ola.running(tmp_path / "ola") as lights:
        desk = DeskSettings(
            name="ola", to=f"127.0.0.1:{lights.osc_port}", numbers=numbers, addresses=ADDRESSES
        )
        sender = OscSender(Desks(OscSettings(desks=(desk,))).receivers)
        try:
            sender.say(BY_ADDRESS["/aivj/level/energy"], 0.5)
            sender.say(BY_ADDRESS["/aivj/level/bass"], 7.5)
            sender.say(BY_ADDRESS["/aivj/section"], "drop")
            sender.say(BY_ADDRESS["/aivj/state/hold"], True)
            sender.say(BY_ADDRESS["/aivj/level/high"], 1.0)  # not among its addresses
            until(lambda: len(lights.dmx(1)) >= 4 and lights.dmx(1)[3] == 255)
            energy, bass, drop, hold = lights.dmx(1)[:4]
            assert abs(energy - 127.5) <= 1
            assert (bass, drop, hold) == (255, 255, 255)
            sender.say(BY_ADDRESS["/aivj/section"], "calm")
            sender.say(BY_ADDRESS["/aivj/state/hold"], False)
            until(lambda: lights.dmx(1)[2:4] == [0, 0])
            assert sender.errors == sender.dropped == 0
        finally:
            sender.close()


def test_a_running_daemon_lights_channels(demo_pack: Path, tmp_path: Path) -> None:
    with ola.running(tmp_path / "ola") as lights:
        config = tmp_path / "config.toml"
        table = ", ".join(f'"{ours}" = "{theirs}"' for ours, theirs in ADDRESSES.items())
        config.write_text(
            "[osc]\nin_port = 0\n[[osc.desks]]\nname = 'ola'\nnumbers = '0..1'\n"
            f"to = '127.0.0.1:{lights.osc_port}'\naddresses = {{ {table} }}\n",
            encoding="utf-8",
        )
        arguments = ["--config", str(config), "--input", "demo", "--pack", str(demo_pack), "--no-record"]
        with RunningDaemon(*arguments):
            seen: set[tuple[int, int]] = set()

            def moves() -> bool:
                if len(values := lights.dmx(1)) >= 2:
                    seen.add((values[0], values[1]))
                return len(seen) >= 10

            until(moves, within=20)
