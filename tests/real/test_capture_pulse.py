"""The capture process on a real sound server: what goes in comes out, and what breaks is noticed."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pulse import RATE, SINK, private_pulse

from daemon.channels import map_channels
from daemon.devices import list_devices
from daemon.errors import DeviceError
from daemon.feeder import Exit
from daemon.ring import Reader
from daemon.sources import resolve

pytestmark = pytest.mark.real

BLOCK = 256
START_S = 6.0  # an idle null sink alone takes 2 s


@pytest.fixture
def server(monkeypatch):
    with private_pulse() as running:
        for name, value in running.env.items():
            monkeypatch.setenv(name, value)
        yield running


class Capture:
    """One ring and the capture processes that fill it."""

    def __init__(self, name=SINK):
        self.input = resolve(name, rate=RATE)
        self.ring = self.input.make_ring()
        self.reader = Reader(self.ring)
        self.process = None

    def start(self):
        self.stop()
        self.process = self.input.spawn(self.ring, BLOCK)
        return self.report()

    def report(self):
        return json.loads(self.process.stdout.readline())

    def wait_for_audio(self, frames=1):
        before = self.ring.written
        deadline = time.monotonic() + START_S
        while self.ring.written < before + frames:
            assert time.monotonic() < deadline, "the device delivered nothing"
            time.sleep(0.02)

    def stop(self):
        if self.process is None:
            return None
        with self.process as process:  # closes stdin, which stops it, and waits
            self.process = None
        return process.returncode

    def close(self):
        self.stop()
        self.ring.close()


@pytest.fixture
def capture(server):
    made = Capture()
    yield made
    made.close()


def test_captured_sound_is_the_played_sound_bit_for_bit(server, capture, tmp_path):
    played = np.random.default_rng(2).integers(-20000, 20000, (2 * RATE, 2)).astype(np.int16)
    # The server itself now and then swallows the first 64 frames of a stream: let those be silence.
    lead_in = np.zeros((RATE // 20, 2), np.int16)
    soundfile.write(tmp_path / "noise.wav", np.concatenate((lead_in, played)), RATE, subtype="PCM_16")
    opened = capture.start()
    assert opened["type"] == "opened"
    assert (opened["hostApi"], opened["device"], opened["rate"]) == ("ALSA", SINK, RATE)
    assert opened["channels"] == capture.ring.channels
    assert opened["generation"] == 1
    assert 0 < opened["latencyMs"] < 500
    capture.wait_for_audio()
    server.play(tmp_path / "noise.wav")
    capture.wait_for_audio(RATE // 4)

    block, lost = capture.reader.read(capture.ring.capacity)
    assert lost == 0
    heard = np.rint(map_channels(block, (1, 2)) * 32768).astype(np.int16)
    start = find(heard[:, 0], played[:, 0])
    np.testing.assert_array_equal(heard[start : start + len(played)], played)
    swapped = np.rint(map_channels(block, (2, 1)) * 32768).astype(np.int16)
    np.testing.assert_array_equal(swapped[:, 0], heard[:, 1])
    assert capture.stop() == Exit.ENDED


def find(heard, played):
    """Frame of `heard` at which `played` begins."""
    landmark = played[1000:1200].tobytes()
    offset = np.ascontiguousarray(heard).tobytes().find(landmark)
    assert offset >= 0, "the sound was not heard"
    return offset // 2 - 1000


def test_a_device_that_is_pulled_out_ends_the_process_and_comes_back_on_the_same_ring(server, capture):
    capture.start()
    capture.wait_for_audio()
    server.unload()
    pulled = time.monotonic()
    assert capture.process.wait(5) == Exit.LOST
    assert time.monotonic() - pulled < 3
    assert capture.report()["message"].startswith("'ALSA: aiv' is lost: ")
    assert capture.report() == {"type": "closed", "status": "lost"}

    refused = capture.start()
    assert refused["type"] == "error"
    assert "'ALSA: aiv' does not open at 48000 Hz" in refused["message"]
    assert capture.process.wait(5) == Exit.UNAVAILABLE

    server.reload()
    written = capture.ring.written
    opened = capture.start()
    assert (opened["type"], opened["generation"]) == ("opened", 3)
    capture.wait_for_audio()
    assert capture.ring.written > written


SURROUND = "front-left,front-right,front-center,lfe,rear-left,rear-right"  # a WAV file's order
AS_ALSA_ORDERS_THEM = [0, 1, 4, 5, 2, 3]


def test_each_channel_of_a_surround_device_arrives_alone(server, capture, tmp_path):
    server.unload()
    server.reload(SURROUND)
    played = np.random.default_rng(6).integers(-9000, 9000, (RATE, 6)).astype(np.int16)
    soundfile.write(tmp_path / "six.wav", played, RATE, format="WAVEX", subtype="PCM_16")
    capture.start()
    capture.wait_for_audio()
    server.play(tmp_path / "six.wav")
    capture.wait_for_audio(RATE // 4)
    block, _ = capture.reader.read(capture.ring.capacity)
    heard = np.rint(block * 32768).astype(np.int16)
    starts = {find(heard[:, i], played[:, source]) for i, source in enumerate(AS_ALSA_ORDERS_THEM)}
    (start,) = starts
    middle = slice(start + RATE // 10, start + RATE)
    np.testing.assert_array_equal(heard[middle, :6], played[RATE // 10 :, AS_ALSA_ORDERS_THEM])


def test_a_killed_capture_is_replaced_and_the_ring_goes_on(capture):
    capture.start()
    capture.wait_for_audio(RATE // 10)
    capture.process.kill()
    capture.stop()
    first, lost = capture.reader.read(capture.ring.capacity)
    written = capture.ring.written
    assert (len(first), lost) == (written, 0)

    assert capture.start()["generation"] == 2
    capture.wait_for_audio(RATE // 10)
    second, lost = capture.reader.read(capture.ring.capacity)
    assert lost == 0
    assert len(second) >= RATE // 10
    assert capture.stop() == Exit.ENDED


def test_a_dead_sound_server_is_noticed(server, capture):
    capture.start()
    capture.wait_for_audio()
    server.process.kill()
    killed = time.monotonic()
    assert capture.process.wait(5) == Exit.LOST
    assert time.monotonic() - killed < 3


def test_a_device_that_is_not_there_is_refused_with_the_nearest_names(server):
    with pytest.raises(DeviceError, match=r"no audio input is called 'avi'; the nearest are .*'ALSA: aiv'"):
        resolve("avi")


def test_a_channel_that_the_device_does_not_have_is_refused(server):
    with pytest.raises(DeviceError, match=r"channel 40 was asked for, but 'ALSA: aiv' has 32"):
        resolve(SINK, (1, 40))


def test_devices_are_listed_anew_each_time(server):
    devices = {device.label: device for device in list_devices()}
    assert devices[f"ALSA: {SINK}"].channels >= 2
    assert [device.name for device in devices.values() if device.is_default] == ["default"]
    (server._folder / "home" / ".asoundrc").write_text("pcm.!default { type pulse }\n")
    assert f"ALSA: {SINK}" not in {device.label for device in list_devices()}


def test_capture_is_light(capture):
    capture.start()
    capture.wait_for_audio(RATE)
    process = Path(f"/proc/{capture.process.pid}")
    memory = (process / "smaps_rollup").read_text().splitlines()[1:]
    sizes = dict(line.split()[:2] for line in memory)
    assert int(sizes["Private_Dirty:"]) < 35_000, "kB; libraries are shared with the sound server"
    before = cpu_seconds(process)
    time.sleep(1)
    assert cpu_seconds(process) - before < 0.3


def cpu_seconds(process):
    user, system = (process / "stat").read_text().split()[13:15]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
