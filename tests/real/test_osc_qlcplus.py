"""Our OSC at a real lighting program: what we send is what its sliders show."""

import asyncio
import contextlib

import pytest
from qlcplus import running

from daemon.osc_desks import Desks
from daemon.osc_out import OscSender
from daemon.osc_qlcplus import channel_of
from daemon.osc_table import BY_ADDRESS
from daemon.settings import OscSettings

pytestmark = pytest.mark.real

ADDRESSES = ("/aivj/level/energy", "/aivj/level/bass", "/aivj/beat/phase", "/aivj/state/energy")


def test_the_hash_is_crc_16_x_25():
    assert channel_of("123456789") == 0x906E  # the check value of the CRC catalogue


def test_levels_move_the_sliders_of_qlcplus(tmp_path):
    async def shows(desk, expected):
        """Send again until it shows; UDP promises nothing while the program starts."""
        seen = None
        async with asyncio.timeout(20):
            while True:
                for address, value in expected.items():
                    sender.say(BY_ADDRESS[address], value)
                await asyncio.sleep(0.1)
                with contextlib.suppress(TimeoutError, OSError):
                    seen = await desk.channels(len(ADDRESSES))
                wanted = [int(min(max(expected[a], 0.0), 1.0) * 255) for a in expected]
                if seen is not None and seen[: len(wanted)] == wanted:
                    return

    with running(tmp_path, ADDRESSES) as desk:
        sender = OscSender(Desks(OscSettings(targets=(f"127.0.0.1:{desk.osc_port}",))).receivers)

        async def body():
            await desk.ready()
            energy, bass, phase = ADDRESSES[:3]
            await shows(desk, {energy: 0.5, bass: 0.25, phase: 1.0})
            await shows(desk, {energy: 0.0, bass: 1.0, phase: 0.1})
            # Left alone, 1.5 would wrap around to 126 there.
            await shows(desk, {energy: 1.5, bass: -1.0, phase: float("inf")})

        try:
            asyncio.run(body())
        finally:
            sender.close()
        assert sender.errors == sender.dropped == 0
