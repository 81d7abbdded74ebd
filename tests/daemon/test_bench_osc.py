"""What `aivjd bench osc` measures with: its judgement, its stamps, its crowd."""

import json
import signal
import socket
import subprocess
import sys
import time

import pytest

from daemon.bench.osc import BEAT_S, Arrival, Receiver, began, judge
from daemon.bench.running import RunningDaemon
from daemon.osc_table import BY_ADDRESS

START = 5000.0


def arrivals(*, late_ms=1.0, first=8, beats=100):
    return [
        Arrival(count, START + (first + count) * BEAT_S + late_ms / 1000) for count in range(1, beats + 1)
    ]


def announced(beats, ms=0.5):
    return {beat.number: beat.at - ms / 1000 for beat in beats}


def test_a_good_run_is_within_its_target():
    beats = arrivals()
    result = judge(beats, announced(beats), START)
    assert result["withinTarget"] is True
    assert (result["beats"], result["missing"], result["doubled"], result["counterGaps"]) == (100, 0, 0, 0)
    assert result["message minus beat"]["p50"] == pytest.approx(1.0, abs=0.01)
    assert result["telling"]["p95"] == pytest.approx(0.5, abs=0.01)
    assert result["hearing"]["median"] == pytest.approx(0.5, abs=0.01)
    assert result["firstBeat"] == 9


@pytest.mark.parametrize(
    ("spoil", "key"),
    [
        (lambda beats: beats.pop(50), "missing"),
        (lambda beats: beats.insert(50, beats[50]), "doubled"),
        (lambda beats: beats.__setitem__(50, Arrival(99999, beats[50].at)), "counterGaps"),
    ],
)
def test_a_beat_lost_doubled_or_misnumbered_is_no_success(spoil, key):
    beats = arrivals()
    spoil(beats)
    result = judge(beats, {}, START)
    assert result[key] >= 1
    assert result["withinTarget"] is False


@pytest.mark.parametrize(
    ("late_ms", "tail_ms", "clients", "good"),
    [
        (2.9, 2.9, 0, True), (3.2, 3.2, 0, False), (-3.2, 3.2, 0, False),
        (1.0, 13.0, 0, False), (1.0, 13.0, 9, True), (1.0, 16.0, 9, False),
    ],
)  # fmt: skip
def test_the_limits(late_ms, tail_ms, clients, good):
    beats = arrivals(late_ms=late_ms)
    beats[-6:] = arrivals(late_ms=tail_ms)[-6:]
    assert judge(beats, {}, START, clients)["withinTarget"] is good


def test_nothing_heard_is_no_success():
    assert judge([], {}, START)["withinTarget"] is False


def test_the_track_began_before_its_earliest_block_was_published(tmp_path):
    log = tmp_path / "log.jsonl"
    late_ms = [3.0, 0.2, 9.0, 1.0]
    with log.open("w") as file:
        for number, late in enumerate(late_ms):
            at = START + (number + 1) * 256 / 48000 + late / 1000
            line = {"frame": number * 256, "frames": 256, "publishedNs": int(at * 1e9)}
            file.write(json.dumps(line) + "\n")
    assert began(log) == pytest.approx(START + 0.0002, abs=1e-6)


def test_the_kernel_stamps_arrivals_though_nobody_reads_them_yet():
    receiver = Receiver()
    time.sleep(0.2)  # the kernel begins to stamp a little after it was asked to
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as desk:
        before = time.monotonic()
        desk.sendto(BY_ADDRESS["/aivj/beat"].pack(7), ("127.0.0.1", receiver.port))
        after = time.monotonic()
        time.sleep(0.2)
        receiver.start()
        deadline = time.monotonic() + 5
        while not receiver.beats:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    receiver.enough.set()
    receiver.join()
    (beat,) = receiver.beats
    assert beat.number == 7
    assert before - 0.005 <= beat.at <= after + 0.005


@pytest.mark.slow
def test_a_crowd_is_let_in_and_stays(demo_pack, tmp_path):
    arguments = ["--input", "demo", "--pack", str(demo_pack), "--no-record"]
    config = tmp_path / "config.toml"
    config.write_text("[osc]\nin_port = 0\n")
    with RunningDaemon(*arguments, "--config", str(config)) as daemon:
        command = [sys.executable, "-m", "daemon.bench.crowd", daemon.websocket, "20", "30"]
        crowd = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert crowd.stdout.readline().strip() == "20"
        time.sleep(2)
        crowd.send_signal(signal.SIGTERM)
        assert crowd.stdout.readline().strip() == "20"
        assert crowd.wait(5) == 0
        crowd.stdout.close()
