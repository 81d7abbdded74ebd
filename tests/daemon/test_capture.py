"""The capture process with a sound system that fails in every way it has been seen to fail."""

import threading
import time

import numpy as np
import pytest

from daemon import capture
from daemon.capture import DeviceStream
from daemon.devices import Device
from daemon.errors import DeviceError
from daemon.ring import INPUT_OVERFLOW, INPUT_UNDERFLOW, Reader, Ring

DEVICE = Device("ALSA", "line", 2, 48000, index=5)
BLOCK = 64


class Status:
    """What PortAudio says of a block; false when it says nothing."""

    def __init__(self, overflow=False, underflow=False):
        self.input_overflow = overflow
        self.input_underflow = underflow

    def __bool__(self):
        return self.input_overflow or self.input_underflow


class FakePortAudio:
    """Behaves like the module `sounddevice`; the test plays the part of the hardware."""

    class PortAudioError(Exception):
        pass

    def __init__(self, samplerate=48000.0, latency=0.01, error=""):
        self.samplerate = samplerate
        self.latency = latency
        self.error = error
        self.active = True

    def RawInputStream(self, **arguments):
        self.arguments = arguments
        return self

    def start(self):
        if self.error:
            raise self.PortAudioError(self.error)

    def deliver(self, block, status=None):
        self.arguments["callback"](block.tobytes(), len(block), None, status or Status())


@pytest.fixture
def ring():
    made = Ring.create("capture", 2, 1024, 48000)
    yield made
    made.close()


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(capture, "LOOK_S", 0.01)
    monkeypatch.setattr(capture, "STALL_S", 0.1)
    monkeypatch.setattr(capture, "FIRST_BLOCK_S", 0.3)


def silence():
    return np.zeros((BLOCK, 2), np.float32)


# Opening


def test_the_device_is_opened_as_the_ring_needs_it(ring):
    portaudio = FakePortAudio()
    DeviceStream(portaudio, DEVICE, ring, BLOCK)
    wanted = {"device": 5, "channels": 2, "samplerate": 48000, "blocksize": BLOCK, "latency": "low"}
    assert wanted.items() <= portaudio.arguments.items()


def test_a_device_that_does_not_open_is_reported_with_what_portaudio_said(ring):
    with pytest.raises(DeviceError) as refused:
        DeviceStream(FakePortAudio(error="Invalid sample rate [-9997]"), DEVICE, ring, BLOCK)
    assert str(refused.value) == (
        "'ALSA: line' does not open at 48000 Hz with 2 channels (Invalid sample rate [-9997]); "
        "see that no other program holds it and that it is set to this rate."
    )


def test_a_device_that_came_back_at_another_rate_is_refused(ring):
    with pytest.raises(DeviceError, match="runs at 44100 Hz, where this session began with 48000 Hz; set it"):
        DeviceStream(FakePortAudio(samplerate=44100.0), DEVICE, ring, BLOCK)


def test_a_device_that_came_back_with_fewer_channels_is_refused():
    ring = Ring.create("six", 6, 1024, 48000)
    with pytest.raises(DeviceError, match="has 2 channels now, where this session began with 6; set it back"):
        DeviceStream(FakePortAudio(), DEVICE, ring, BLOCK)
    ring.close()


@pytest.mark.parametrize(
    ("latency", "expected"),
    [(0.0106666, 10.667), (0.0, 0.0), (89_478.48, None), (-1.0, None), (float("nan"), None)],
)
def test_impossible_latencies_are_not_passed_on(ring, latency, expected):
    assert DeviceStream(FakePortAudio(latency=latency), DEVICE, ring, BLOCK).latency_ms == expected


# Running


def test_the_callback_fills_the_ring_and_notes_what_the_device_lost(ring):
    portaudio = FakePortAudio()
    DeviceStream(portaudio, DEVICE, ring, BLOCK)
    reader = Reader(ring)
    noise = np.random.default_rng(3).standard_normal((2 * BLOCK, 2), np.float32)
    portaudio.deliver(noise[:BLOCK])
    assert (ring.flags, ring.overflows) == (0, 0)
    portaudio.deliver(noise[BLOCK:], Status(overflow=True, underflow=True))
    assert (ring.flags, ring.overflows) == (INPUT_OVERFLOW | INPUT_UNDERFLOW, 1)
    assert reader.wait(0)
    np.testing.assert_array_equal(reader.read(1024)[0], noise)


def test_the_order_to_stop_is_no_loss(ring):
    stop = threading.Event()
    stop.set()
    assert DeviceStream(FakePortAudio(), DEVICE, ring, BLOCK).watch(stop) == ""


def test_a_finished_stream_is_a_loss(ring):
    portaudio = FakePortAudio()
    stream = DeviceStream(portaudio, DEVICE, ring, BLOCK)
    portaudio.arguments["finished_callback"]()
    assert stream.watch(threading.Event()) == "the device ended the stream"


def test_an_inactive_stream_is_a_loss(ring):
    portaudio = FakePortAudio()
    stream = DeviceStream(portaudio, DEVICE, ring, BLOCK)
    portaudio.active = False
    assert stream.watch(threading.Event()) == "the stream is no longer active"


def test_a_device_that_never_delivers_gets_more_patience_than_one_that_stops(ring, quick):
    portaudio = FakePortAudio()
    stream = DeviceStream(portaudio, DEVICE, ring, BLOCK)
    began = time.monotonic()
    assert stream.watch(threading.Event()) == "no audio for 0.3 s"
    assert time.monotonic() - began >= 0.3

    timer = threading.Timer(0.05, portaudio.deliver, [silence()])
    timer.start()
    assert stream.watch(threading.Event()) == "no audio for 0.1 s"
    timer.join()


def test_a_steady_device_is_not_lost(ring, quick):
    portaudio = FakePortAudio()
    stream = DeviceStream(portaudio, DEVICE, ring, BLOCK)
    stop = threading.Event()

    def run():
        for _ in range(25):
            portaudio.deliver(silence())
            time.sleep(0.02)
        stop.set()

    hardware = threading.Thread(target=run)
    hardware.start()
    assert stream.watch(stop) == ""
    hardware.join()
    assert ring.written == 25 * BLOCK


def test_a_suspended_machine_does_not_blame_the_device(ring, monkeypatch):
    portaudio = FakePortAudio()
    stream = DeviceStream(portaudio, DEVICE, ring, BLOCK)
    looks = iter([0.0, 0.05, 60.0, 60.05, 60.5, 61.2])
    monkeypatch.setattr(capture.time, "monotonic", lambda: next(looks))
    monkeypatch.setattr(capture, "LOOK_S", 0)
    stop = threading.Event()
    checks = []

    class Active:
        def __bool__(self):
            checks.append(None)
            if len(checks) == 4:
                stop.set()
            return True

    portaudio.active = Active()
    ring.write(silence())
    assert stream.watch(stop) == ""
    assert len(checks) == 4
