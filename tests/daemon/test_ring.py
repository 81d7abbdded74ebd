"""The shared-memory ring against a plain list, through overruns, faults and dying writers."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.ring import INPUT_OVERFLOW, INPUT_UNDERFLOW, Reader, Ring, RingError

CAPACITY = 16


@pytest.fixture
def ring():
    made = Ring.create("test", 2, CAPACITY, 48000)
    yield made
    made.close()


def ramp(start, frames, channels=2, dtype=np.float32):
    """Frame i holds i, i + 0.5 (floats) or i in every channel (integers)."""
    block = np.repeat(np.arange(start, start + frames)[:, None], channels, axis=1).astype(dtype)
    if dtype == np.float32:
        block[:, 1:] += 0.5
    return block


def attach_copy(ring):
    return Ring.attach(os.dup(ring.fd), [os.dup(fd) for fd in ring.wake_fds])


operations = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, CAPACITY // 2)),
        st.tuples(st.just("read"), st.integers(0, 2 * CAPACITY)),
        st.tuples(st.just("slow read"), st.integers(0, 2 * CAPACITY)),
    ),
    max_size=60,
)


@given(operations)
def test_every_frame_is_read_once_in_order_or_counted_as_lost(steps):
    ring = Ring.create("model", 2, CAPACITY, 44100, np.int32)
    readers = {"read": Reader(ring), "slow read": Reader(ring)}
    expected_next = {"read": 0, "slow read": 0}
    total = 0
    for step, frames in steps:
        if step == "write":
            ring.write(ramp(total, frames, dtype=np.int32))
            total += frames
            continue
        behind = total - expected_next[step]
        block, lost = readers[step].read(frames)
        assert lost == (behind - CAPACITY // 2 if behind > CAPACITY else 0)
        first = expected_next[step] + lost
        assert len(block) == min(frames, total - first)
        np.testing.assert_array_equal(block, ramp(first, len(block), dtype=np.int32))
        expected_next[step] = first + len(block)
        assert readers[step].available == total - expected_next[step]
    assert ring.written == ring.claimed == total
    ring.close()


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_values_survive_bit_for_bit_in_another_mapping(dtype, channels):
    ring = Ring.create("bits", channels, 64, 96000, dtype)
    other = attach_copy(ring)
    reader = Reader(other)
    noise = np.random.default_rng(7).integers(-(2**31), 2**31, (50, channels), np.int64).astype(np.int32)
    block = noise if dtype == np.int32 else noise.view(np.float32)
    ring.write(block[:30])
    ring.write(block[30:])
    read, lost = reader.read(64)
    assert (lost, read.dtype, other.rate, other.channels) == (0, np.dtype(dtype), 96000, channels)
    assert read.tobytes() == block.tobytes()
    other.close()
    ring.close()


def test_a_read_block_is_a_copy(ring):
    reader = Reader(ring)
    ring.write(ramp(0, 4))
    block, _ = reader.read(4)
    for start in range(4, 24, 4):
        ring.write(ramp(start, 4))
    np.testing.assert_array_equal(block, ramp(0, 4))


def test_a_reader_begins_with_the_next_frame_unless_told_otherwise(ring):
    ring.write(ramp(0, 4))
    assert Reader(ring).available == 0
    block, lost = Reader(ring, start=1).read(10)
    assert lost == 0
    np.testing.assert_array_equal(block, ramp(1, 3))


def test_heartbeat_is_the_monotonic_time_of_the_last_write(ring):
    assert ring.heartbeat_ns == 0
    before = time.monotonic_ns()
    ring.write(ramp(0, 1))
    assert before <= ring.heartbeat_ns <= time.monotonic_ns()


def test_status_bits_add_up_and_overflows_are_counted(ring):
    other = attach_copy(ring)
    ring.note_status(INPUT_UNDERFLOW)
    ring.note_status(INPUT_OVERFLOW)
    ring.note_status(INPUT_OVERFLOW)
    assert (other.flags, other.overflows) == (INPUT_UNDERFLOW | INPUT_OVERFLOW, 2)
    other.close()


def test_waiting_ends_with_a_write_and_only_then(ring):
    reader = Reader(ring)
    assert not reader.wait(0)
    timer = threading.Timer(0.05, ring.write, [ramp(0, 1)])
    timer.start()
    assert reader.wait(5)
    timer.join()
    assert reader.read(9)[0].shape == (1, 2)
    assert not reader.wait(0), "one write wakes once"


def test_each_reader_has_its_own_wake_up():
    ring = Ring.create("two", 1, CAPACITY, 48000, readers=2)
    one, two = Reader(ring, 0), Reader(ring, 1)
    ring.write(ramp(0, 1, 1))
    assert one.wait(0)
    assert two.wait(0)
    ring.close()


# A reader that copies while the writer writes must notice what was overwritten under its hands.


def test_frames_overwritten_while_they_are_copied_are_lost_not_torn(ring, monkeypatch):
    reader = Reader(ring)
    ring.write(ramp(0, 8))
    ring.write(ramp(8, 8))
    copy = ring.copy
    interruptions = iter([1])

    def interrupted_copy(start, frames):
        block = copy(start, frames)
        if next(interruptions, None):
            ring.write(ramp(16, 4))
        return block

    monkeypatch.setattr(ring, "copy", interrupted_copy)
    block, lost = reader.read(8)
    assert lost == 12
    np.testing.assert_array_equal(block, ramp(12, 8))


def test_a_write_that_has_only_begun_already_puts_its_slots_out_of_bounds(ring):
    reader = Reader(ring)
    ring.write(ramp(0, 8))
    ring.write(ramp(8, 8))
    die_in_mid_write(ring, 4)
    block, lost = reader.read(16)
    assert lost == 12
    np.testing.assert_array_equal(block, ramp(12, 4))


def test_a_successor_never_hands_out_what_a_killed_writer_left_half_overwritten(ring):
    reader = Reader(ring)
    ring.write(ramp(0, 8))
    ring.write(ramp(8, 8))
    die_in_mid_write(ring, 4)
    successor = attach_copy(ring)
    successor.write(ramp(16, 1))
    assert successor.generation == 2
    block, lost = reader.read(16)
    assert lost == 12
    np.testing.assert_array_equal(block, ramp(12, 5))
    successor.close()


def die_in_mid_write(ring, frames):
    """What a kill between the two moves of `write` leaves: claimed and spoilt, but not published."""
    ring._u64[8] = ring.claimed + frames
    slot = ring.written % ring.capacity
    ring._frames[slot : slot + frames] = np.nan


def test_a_fast_writer_in_another_process_is_read_without_a_torn_frame():
    ring = Ring.create("race", 2, 256, 48000, np.int32)
    reader = Reader(ring)
    writer = subprocess.Popen([sys.executable, "-c", RACE, str(ring.fd)], pass_fds=[ring.fd])
    expected = read = lost = 0
    while writer.poll() is None or reader.available:
        block, missed = reader.read(100)
        expected += missed
        assert (block == np.arange(expected, expected + len(block))[:, None]).all()
        expected += len(block)
        read, lost = read + len(block), lost + missed
    assert writer.returncode == 0
    assert read + lost == ring.written == 2_000_000
    assert read > 0
    assert lost > 0
    ring.close()


RACE = """
import sys
import numpy as np
from daemon.ring import Ring
ring = Ring.attach(int(sys.argv[1]))
block = np.repeat(np.arange(100, dtype=np.int32)[:, None], 2, axis=1)
for _ in range(20000):
    ring.write(block)
    block += 100
"""


# Faults


def test_only_one_process_writes(ring):
    ring.claim()
    attempt = "import sys; from daemon.ring import Ring; Ring.attach(int(sys.argv[1])).claim()"
    result = subprocess.run(
        [sys.executable, "-c", attempt, str(ring.fd)], pass_fds=[ring.fd], stderr=subprocess.PIPE, text=True
    )
    assert "another process is writing to the audio ring; end it" in result.stderr
    assert ring.generation == 1


@pytest.mark.parametrize(
    ("offset", "content", "sentence"),
    [
        (0, b"RIFFWAVE", "holds no audio ring"),
        (8, b"\x09\0\0\0", "layout 9"),
        (12, b"\x07\0\0\0", "damaged"),
        (16, b"\0\0\0\0", "damaged"),
        (16, b"\x03\0\0\0", "bytes where its header announces"),
        (20, b"\0\0\0\0", "damaged"),
        (24, b"\x0f\0\0\0", "damaged"),
        (24, b"\x20\0\0\0", "bytes where its header announces"),
    ],
)
def test_a_foreign_header_is_refused(ring, offset, content, sentence):
    os.pwrite(ring.fd, content, offset)
    with pytest.raises(RingError, match=sentence):
        Ring.attach(ring.fd)


def test_an_empty_memory_is_refused():
    fd = os.memfd_create("empty")
    with pytest.raises(RingError, match="holds no audio ring"):
        Ring.attach(fd)
    os.close(fd)


def test_nobody_can_truncate_the_memory_under_the_others(ring):
    with pytest.raises(PermissionError):
        os.ftruncate(ring.fd, 0)


@pytest.mark.parametrize(
    "block",
    [
        np.zeros((1, 3), np.float32),
        np.zeros((1, 2), np.float64),
        np.zeros(2, np.float32),
        np.zeros((CAPACITY // 2 + 1, 2), np.float32),
    ],
)
def test_a_block_that_does_not_fit_is_refused_and_nothing_is_published(ring, block):
    with pytest.raises(ValueError, match="into a ring of"):
        ring.write(block)
    assert ring.written == ring.claimed == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((0, 16, 48000), "channels"),
        ((2, 12, 48000), "capacity"),
        ((2, 1, 48000), "capacity"),
        ((2, 16, 0), "rate"),
        ((2, 16, 48000, np.float64), "dtype"),
    ],
)
def test_impossible_rings_are_not_made(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        Ring.create("wrong", *arguments)
