"""Files, demo and clicks: what they are, when they arrive, how they end, what they refuse."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon import sources
from daemon.ahead import ahead
from daemon.demo_track import DemoTrack
from daemon.devices import Device, NoInputDevice
from daemon.errors import DeviceError
from daemon.feeder import Exit
from daemon.ring import INPUT_OVERFLOW, Reader, Ring
from daemon.sources import click_blocks, click_period, demo_blocks, file_blocks, play, resolve

RATE = 8000
BLOCK = 256


def noise(frames, channels):
    return np.random.default_rng(5).integers(-30000, 30000, (frames, channels)).astype(np.int16)


def write(path, samples, rate=RATE, subtype="PCM_16"):
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def as_float(samples):
    return (samples / 32768).astype(np.float32)


# Files


@pytest.mark.parametrize(("channels", "taken"), [(1, [0, 0]), (2, [0, 1]), (6, [0, 1])])
def test_a_file_becomes_stereo_without_changing_a_sample(tmp_path, channels, taken):
    samples = noise(1000, channels)
    path = write(tmp_path / "a.wav", samples)
    blocks = list(file_blocks(path, RATE, BLOCK, loop=False))
    assert [len(block) for block in blocks] == [256, 256, 256, 232]
    np.testing.assert_array_equal(np.concatenate(blocks), as_float(samples)[:, taken])


def test_24_bits_survive(tmp_path):
    samples = np.random.default_rng(1).integers(-(2**23), 2**23, (500, 2)).astype(np.int32)
    path = write(tmp_path / "a.flac", samples << 8, subtype="PCM_24")
    block = next(file_blocks(path, RATE, 500, loop=False))
    np.testing.assert_array_equal(block * np.float32(2**23), samples)


def test_a_looped_file_begins_again_at_its_end(tmp_path):
    samples = noise(300, 2)
    path = write(tmp_path / "a.wav", samples)
    blocks = file_blocks(path, RATE, BLOCK, loop=True)
    heard = np.concatenate(list(itertools.islice(blocks, 5)))
    blocks.close()
    np.testing.assert_array_equal(heard, np.tile(as_float(samples), (3, 1))[: len(heard)])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, r"nothing\.wav: there is no such audio file; check the path\."),
        (
            b"MZ this is no sound",
            r"nothing\.wav: this cannot be read as audio \(.*\); convert it to WAV or FLAC",
        ),
        (b"", r"nothing\.wav: this cannot be read as audio"),
        ("empty", r"nothing\.wav: this audio file holds no samples; choose another\."),
        ("folder", r"nothing\.wav: this cannot be read as audio"),
    ],
)
def test_a_file_that_cannot_be_played_is_refused_at_once(tmp_path, content, sentence):
    path = tmp_path / "nothing.wav"
    if content == "empty":
        write(path, noise(0, 2))
    elif content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(DeviceError, match=sentence):
        resolve(f"file:{path}")


# What a name means


def test_a_file_has_its_own_rate(tmp_path):
    path = write(tmp_path / "a.wav", noise(10, 1), rate=22050)
    found = resolve(f"file:{path}", (7, 8), rate=48000)
    assert (found.label, found.rate, found.channels, found.pair) == ("file: a.wav", 22050, 2, (1, 2))


def test_a_relative_path_survives_a_change_of_folder(tmp_path, monkeypatch):
    write(tmp_path / "a.wav", noise(10, 1))
    monkeypatch.chdir(tmp_path)
    assert resolve("file:a.wav").request["path"] == str(tmp_path / "a.wav")


@pytest.fixture
def devices(monkeypatch):
    present = [
        Device("ALSA", "Mixer (hw:1,0)", 18, 96000),
        Device("ALSA", "default", 32, 44100, is_default=True),
    ]
    monkeypatch.setattr(sources, "list_devices", lambda: present)
    return present


def test_a_device_is_asked_for_by_its_full_name(devices):
    found = resolve("mixer", (5, 6))
    assert (found.label, found.rate, found.channels) == ("ALSA: Mixer (hw:1,0)", 96000, 18)
    assert (found.pair, found.request) == ((5, 6), {"device": "ALSA: Mixer (hw:1,0)"})
    assert resolve("mixer", rate=48000).rate == 48000


def test_default_stays_default_so_that_a_restart_follows_the_system(devices):
    found = resolve("default")
    assert (found.label, found.request) == ("ALSA: default", {"device": "default"})


def test_a_channel_beyond_the_device_is_refused(devices):
    with pytest.raises(DeviceError, match=r"channel 20 was asked for, but 'ALSA: Mixer \(hw:1,0\)' has 18"):
        resolve("mixer", (19, 20))


def test_no_device_at_all_can_be_told_apart(devices):
    devices.clear()
    with pytest.raises(NoInputDevice):
        resolve("default")


# Clicks


@pytest.mark.parametrize("rate", [44100, 48000])
def test_a_click_lies_at_every_half_second_whatever_the_block(rate):
    heard = np.concatenate(list(itertools.islice(click_blocks(rate, 441), 3 * rate // 882)))
    period = click_period(rate)
    assert period * 2 == rate
    clicks = np.flatnonzero(heard[:, 0])
    np.testing.assert_array_equal(clicks, [start + i for start in (0, period, 2 * period) for i in range(4)])
    assert set(heard[clicks, 0].tolist()) == {np.float32(0.8).item()}
    np.testing.assert_array_equal(heard[:, 0], heard[:, 1])


# The demo track


def test_the_demo_track_is_passed_on_sample_by_sample():
    blocks = list(itertools.islice(demo_blocks(RATE, 1000), 30))
    assert {block.dtype for block in blocks} == {np.dtype(np.float32)}
    heard = np.concatenate(blocks)
    assert 0.3 < np.abs(heard).max() <= 1
    np.testing.assert_array_equal(heard, as_float(DemoTrack(RATE).block(0, 30_000)))


# Made ahead


def test_blocks_made_ahead_are_the_same_blocks():
    blocks = [np.full((1, 2), i, np.float32) for i in range(50)]
    assert [id(block) for block in ahead(iter(blocks), 3)] == [id(block) for block in blocks]


def test_no_more_than_asked_for_is_made_ahead():
    made = []

    def endless():
        while True:
            made.append(None)
            yield np.zeros((1, 2), np.float32)

    blocks = ahead(endless(), 5)
    next(blocks)
    deadline = time.monotonic() + 5
    while len(made) < 7:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    time.sleep(0.05)
    assert len(made) == 7, "one taken, five waiting, one in the hand of the thread"


def test_an_error_comes_after_what_was_made_before_it():
    def failing():
        yield np.zeros((1, 2), np.float32)
        raise DeviceError("the disk is on fire")

    blocks = ahead(failing(), 5)
    next(blocks)
    with pytest.raises(DeviceError, match="the disk is on fire"):
        next(blocks)


# Pace: a clock that the test moves


class Clock:
    """Stands for `time` and for the order to stop; waiting moves it, late wake-ups included."""

    def __init__(self, wake_late_s=()):
        self.now_ns = 5_000_000_000
        self.wake_late_s = iter(wake_late_s)
        self.stopped_after = None
        self.waits = []

    def monotonic_ns(self):
        return self.now_ns

    def wait(self, seconds):
        self.waits.append(seconds)
        self.now_ns += round((seconds + next(self.wake_late_s, 0)) * 1e9)
        return self.stopped_after is not None and len(self.waits) > self.stopped_after


def play_blocks(monkeypatch, clock, count):
    ring = Ring.create("play", 2, 1024, RATE)
    monkeypatch.setattr(sources, "time", clock)
    times = []
    blocks = (np.zeros((BLOCK, 2), np.float32) for _ in range(count))
    play(blocks, ring, clock, lambda frames, at_ns: times.append(clock.now_ns))
    seconds = [(at_ns - 5_000_000_000) / 1e9 for at_ns in times]
    flags = ring.flags
    ring.close()
    return seconds, flags


def deadlines(count):
    return [(i + 1) * BLOCK / RATE for i in range(count)]


def test_each_block_comes_when_its_last_sample_would(monkeypatch):
    seconds, flags = play_blocks(monkeypatch, Clock(), 1000)
    np.testing.assert_allclose(seconds, deadlines(1000), atol=1e-6)
    assert flags == 0


def test_who_wakes_late_catches_up_without_drift(monkeypatch):
    late = [0, 0.1, 0, 0, 0, 0, 0.5, *[0] * 92, 0.004]
    clock = Clock(late)
    seconds, flags = play_blocks(monkeypatch, clock, 100)
    expected = deadlines(100)
    assert seconds[1] == pytest.approx(expected[1] + 0.1)
    assert clock.waits[2:4] == [0, 0], "blocks that are overdue are not waited for"
    assert seconds[5] == pytest.approx(expected[5])
    assert seconds[-2] == pytest.approx(expected[-2])
    assert seconds[-1] == pytest.approx(expected[-1] + 0.004)
    assert flags == 0


def test_after_a_long_sleep_the_lost_time_is_lost_and_said_so(monkeypatch):
    clock = Clock([0, 3600])
    seconds, flags = play_blocks(monkeypatch, clock, 20)
    step = BLOCK / RATE
    assert seconds[2] == pytest.approx(seconds[1], abs=1e-6)
    assert seconds[3:] == pytest.approx([seconds[2] + step * (i + 1) for i in range(17)])
    assert flags == INPUT_OVERFLOW


def test_the_order_to_stop_comes_between_blocks(monkeypatch):
    clock = Clock()
    clock.stopped_after = 3
    assert len(play_blocks(monkeypatch, clock, 10)[0]) == 3


# The process


class Running:
    def __init__(self, name, **options):
        self.input = resolve(name, **options)
        self.ring = self.input.make_ring()
        self.reader = Reader(self.ring, start=0)
        self.process = None

    def start(self):
        self.process = self.input.spawn(self.ring, BLOCK)
        return self.report()

    def report(self):
        return json.loads(self.process.stdout.readline())

    def wait(self):
        with self.process as process:
            self.process = None
        return process.returncode

    def close(self):
        if self.process is not None:
            self.wait()
        self.ring.close()


@pytest.fixture
def running():
    made = []

    def make(name, **options):
        made.append(Running(name, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_file_is_heard_whole_in_real_time_and_ends(running, tmp_path):
    samples = noise(RATE // 2 + 17, 2)
    source = running(f"file:{write(tmp_path / 'a.wav', samples)}")
    began = time.monotonic()
    opened = source.start()
    assert (opened["type"], opened["rate"], opened["channels"], opened["generation"]) == (
        "opened",
        RATE,
        2,
        1,
    )
    assert source.report() == {"type": "ended", "frames": len(samples)}
    assert 0.5 <= time.monotonic() - began < 5
    assert source.report() == {"type": "closed", "status": "ended"}
    assert source.wait() == Exit.ENDED
    block, lost = source.reader.read(1 << 16)
    assert lost == 0
    np.testing.assert_array_equal(block, as_float(samples))


def test_a_file_that_went_away_is_refused_in_a_sentence(running, tmp_path):
    path = write(tmp_path / "a.wav", noise(10, 2))
    source = running(f"file:{path}")
    path.unlink()
    assert source.start() == {
        "type": "error",
        "message": f"{path}: there is no such audio file; check the path.",
    }
    assert source.report() == {"type": "closed", "status": "refused"}
    assert source.wait() == Exit.REFUSED


def test_a_file_that_was_replaced_by_one_of_another_rate_is_refused(running, tmp_path):
    source = running(f"file:{write(tmp_path / 'a.wav', noise(10, 2))}")
    write(tmp_path / "a.wav", noise(10, 2), rate=44100)
    assert "has 44100 Hz, where this session began with 8000 Hz; restart aivjd" in source.start()["message"]
    assert source.wait() == Exit.REFUSED


def test_clicks_are_logged_with_the_time_they_were_published(running, tmp_path):
    log = tmp_path / "clicks.jsonl"
    source = running(f"clicks:{log}", rate=RATE)
    before = time.monotonic_ns()
    source.start()
    while source.reader.available < RATE // 2:
        assert source.reader.wait(5)
    source.process.stdin.close()
    assert source.process.wait(5) == Exit.ENDED
    after = time.monotonic_ns()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["frame"] for line in lines] == [i * BLOCK for i in range(len(lines))]
    times = [before, *(line["publishedNs"] for line in lines), after]
    assert times == sorted(times)
    assert times[-2] == source.ring.heartbeat_ns
    assert lines[-1]["frame"] + lines[-1]["frames"] == source.ring.written


def test_a_killed_source_is_replaced_on_the_same_ring(running):
    source = running("clicks", rate=RATE)
    assert source.start()["generation"] == 1
    assert source.reader.wait(5)
    source.process.kill()
    assert source.wait() == -signal.SIGKILL
    written = source.ring.written
    assert source.start()["generation"] == 2
    assert source.reader.wait(5)
    while source.ring.written == written:
        assert source.reader.wait(5)


def test_a_second_feeder_on_one_ring_is_refused(running):
    first = running("clicks", rate=RATE)
    first.start()
    second = running("clicks", rate=RATE)
    second.ring.close()
    second.ring = first.ring
    refused = second.start()
    assert refused["type"] == "error"
    assert "another process is writing to the audio ring" in refused["message"]
    assert second.wait() == Exit.REFUSED
    second.ring = Ring.create("own", 1, 2, RATE)


def test_ctrl_c_is_left_to_the_parent(running):
    source = running("clicks", rate=RATE)
    source.start()
    source.process.send_signal(signal.SIGINT)
    written = source.ring.written
    while source.ring.written == written:
        assert source.reader.wait(5)
    assert source.wait() == Exit.ENDED


PARENT = """
import sys, time
from daemon.sources import resolve
source = resolve("clicks")
child = source.spawn(source.make_ring(), 256)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_source_does_not_outlive_its_parent():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        child = int(parent.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        parent.kill()
    deadline = time.monotonic() + 5
    while alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(pid):
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


STUCK = """
import threading, time
from daemon import feeder
from daemon.ring_memory import RingMemory
def feed(request, ring, stop):
    feeder.report("opened")
    while True:
        time.sleep(60)
feeder.main(feed, RingMemory.attach)
"""


def test_a_feeder_that_hangs_is_ended_when_told_to_stop():
    ring = Ring.create("stuck", 1, 2, RATE)
    request = json.dumps({"ring": ring.fd, "wake": ring.wake_fds})
    arguments = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "pass_fds": ring.fds}
    with subprocess.Popen([sys.executable, "-c", STUCK, request], **arguments) as process:
        assert json.loads(process.stdout.readline()) == {"type": "opened"}
        told = time.monotonic()
        process.stdin.close()
        assert process.wait(5) == Exit.ENDED
        assert time.monotonic() - told < 3
    ring.close()


def test_the_capture_process_imports_little():
    program = "import sys, daemon.capture, sounddevice; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"numpy", "numba", "soundfile", "asyncio", "msgspec", "daemon.ring", "daemon.sources"}
    modules = set(loaded.stdout.split())
    assert "daemon.capture" in modules
    assert not heavy & modules
    assert {name for name in modules if name.startswith("dsp")} == {"dsp", "dsp.errors"}


def test_playing_is_not_ended_by_an_event_that_is_not_set():
    ring = Ring.create("event", 2, 1024, RATE)
    blocks = iter([np.ones((8, 2), np.float32)] * 3)
    play(blocks, ring, threading.Event())
    assert ring.written == 24
    ring.close()
