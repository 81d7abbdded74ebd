"""sACN and Art-Net of a running daemon at OLA, which shows the channels over HTTP."""

import time
from pathlib import Path

import ola
import pytest

from daemon.bench.running import RunningDaemon
from daemon.dmx_map import CHANNELS

pytestmark = pytest.mark.real

NAMES = [channel.name for channel in CHANNELS]


@pytest.mark.parametrize(("protocol", "universe"), [("sacn", 2), ("artnet", 3)])
def test_a_running_daemon_lights_channels(
    demo_pack: Path, tmp_path: Path, protocol: str, universe: int
) -> None:
    with ola.running(tmp_path / "ola", dmx=True) as lights:
        config = tmp_path / "config.toml"
        config.write_text(
            f"[osc]\nin_port = 0\n[dmx]\nprotocol = '{protocol}'\nto = '127.0.0.1'\nfirst = 3\n"
            f"universe = {universe}\n",
            encoding="utf-8",
        )
        arguments = ["--config", str(config), "--input", "demo", "--pack", str(demo_pack), "--no-record"]
        seen: dict[str, set[int]] = {name: set() for name in NAMES}
        with RunningDaemon(*arguments):
            deadline = time.monotonic() + 40
            while len(seen["energy"]) < 10 or len(seen["beat"]) < 4 or not seen["red"] - {0}:
                assert time.monotonic() < deadline, seen
                frame = lights.dmx(universe)  # OLA takes the network's number for its own
                for name, value in zip(NAMES, frame[2:], strict=False):
                    seen[name].add(value)
                assert not any(frame[:2]), "the channels before ours"
                time.sleep(0.03)
        assert seen["tempo"] & set(range(60, 200))
        assert seen["section"] <= set(range(0, 253, 36))
