"""The messages and the state machine of one client, without sockets."""

import contextlib
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.audio_frame import FRAME_BYTES, pack_audio
from daemon.connection import (
    QUEUE_DEPTH,
    SKIP_BUFFERED,
    Inbox,
    Outbox,
    ViolationError,
)
from daemon.errors import ProtocolError
from daemon.protocol import (
    MAX_FRAME_BYTES,
    Ack,
    CommandMessage,
    Hello,
    Ping,
    Report,
    decode,
    encode,
    numbered,
    pong_body,
    reply_body,
)

HELLO = {
    "type": "hello",
    "role": "stage",
    "name": "s",
    "lastSeq": 3,
    "session": "x",
    "snapshotHz": 30,
    "audio": True,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def says(**fields):
    return json.dumps(fields)


def test_every_message_of_the_contract_is_read():
    assert decode(json.dumps(HELLO)) == Hello(
        role="stage", name="s", last_seq=3, session="x", snapshot_hz=30, audio=True, token=""
    )
    assert isinstance(decode(says(type="ping", t={"any": [1, None]})), Ping)
    assert decode(says(type="ack", seq=4, phase="shown", ms=12.5, lateMs=3, layer="fg")) == Ack(
        seq=4, phase="shown", ms=12.5, late_ms=3, layer="fg"
    )
    assert decode(says(type="report", fps=59.9, luma01=0.2, motion01=0, dropped=1)) == Report(
        fps=59.9, luma01=0.2, motion01=0, dropped=1
    )
    for arg in (None, True, 3, 0.5, "demo:12"):
        assert decode(says(type="command", verb="ban", arg=arg, id="c1")).arg == arg


@pytest.mark.parametrize(
    ("frame", "names"),
    [
        ("", "JSON"),
        ("{", "JSON"),
        ("null", "object"),
        ("[]", "object"),
        ('"x"', "object"),
        ("{}", "'type'"),
        (says(type="hullo"), "ack, command, hello, ping, report"),
        (says(type=3), "'type'"),
        (says(type="hello"), "'role'"),
        (says(**HELLO | {"role": "admin"}), "'role'"),
        (says(**HELLO | {"snapshotHz": 61}), "'snapshotHz'"),
        (says(**HELLO | {"snapshotHz": -1}), "'snapshotHz'"),
        (says(**HELLO | {"lastSeq": -1}), "'lastSeq'"),
        (says(**HELLO | {"lastSeq": "3"}), "'lastSeq'"),
        (says(**HELLO | {"audio": 1}), "'audio'"),
        (says(**HELLO | {"name": "x" * 65}), "'name'"),
        (says(**HELLO | {"name": "a\x1b[31m"}), "'name'"),
        (says(type="ack", phase="shown"), "'seq'"),
        (says(type="ack", seq=1, phase="done"), "'phase'"),
        (says(type="ack", seq=1, phase="failed"), "'reason'"),
        (says(type="ack", seq=2**53, phase="shown"), "'seq'"),
        (says(type="ack", seq=1, phase="shown", layer="middle"), "'layer'"),
        (says(type="report", luma01=1.01), "'luma01'"),
        (says(type="report", fps=-1), "'fps'"),
        ('{"type":"report","fps":NaN}', "JSON"),
        ('{"type":"report","fps":1e999}', "'fps'"),
        (says(type="command", verb=""), "'verb'"),
        (says(type="command", verb="next", arg=[1]), "'arg'"),
        (says(type="command", verb="pack", arg="x" * 513), "'arg'"),
        ('{"type":"ping","t":' + "[" * 5000 + "]" * 5000 + "}", "nested"),
        ('{"type":"ping"}{"type":"ping"}', "JSON"),
        (says(type="ping", t="x" * MAX_FRAME_BYTES), "16384"),
        (b'{"type":"ping"}', "text frame"),
        ('{"type":"ping","t":"\ud800"}', "UTF-8"),
    ],
)
def test_what_cannot_be_used_is_named_in_one_sentence(frame, names):
    with pytest.raises(ProtocolError) as caught:
        decode(frame)
    sentence = str(caught.value)
    assert names in sentence
    assert sentence.endswith(".")
    assert len(sentence) < 300


@given(st.text(max_size=200) | st.binary(max_size=50) | JSON.map(json.dumps))
def test_nothing_but_a_protocol_error_comes_out(frame):
    with contextlib.suppress(ProtocolError):
        decode(frame)


KEYS = [
    *("role", "name", "lastSeq", "session", "snapshotHz", "audio", "token", "t", "seq", "phase", "ms"),
    *("lateMs", "reason", "layer", "fps", "luma01", "motion01", "dropped", "verb", "arg", "id"),
]


@given(
    st.sampled_from(["hello", "ping", "ack", "report", "command"]),
    st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6),
)
def test_wrong_values_of_right_keys_do_no_harm(kind, fields):
    inbox = Inbox()
    hello = inbox.receive(json.dumps(HELLO), 0.0)
    refused = None
    try:
        inbox.receive(json.dumps({"type": kind, **fields}), 1.0)
    except ProtocolError as error:
        refused = error
    assert not isinstance(refused, ViolationError)
    assert inbox.hello is hello


@given(JSON)
def test_a_ping_comes_back_as_it_came(anything):
    text = json.dumps(anything, allow_nan=False) if _finite(anything) else "null"
    body = json.loads(pong_body(decode('{"type":"ping","t":' + text + "}"), 12.5))
    assert body == {"type": "pong", "t": json.loads(text), "nowMs": 12500.0}


def _finite(value):
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return len(json.dumps(value)) < 10_000


def test_numbering_changes_nothing_else():
    body = encode({"type": "state", "hold": False, "x": float("nan")})
    assert json.loads(numbered(body, 41)) == {"n": 41, "type": "state", "hold": False, "x": None}


def test_a_reply_echoes_the_id():
    command = decode(says(type="command", verb="next", id=7))
    assert json.loads(reply_body(command, ok=False, message="No.")) == {
        "type": "reply",
        "id": 7,
        "ok": False,
        "message": "No.",
    }


# What a client may say


def test_hello_comes_first_and_once():
    inbox = Inbox()
    for frame in (says(type="ping"), says(type="command", verb="next")):
        with pytest.raises(ProtocolError, match="hello"):
            inbox.receive(frame, 0.0)
    assert isinstance(inbox.receive(json.dumps(HELLO), 0.0), Hello)
    with pytest.raises(ProtocolError, match="twice"):
        inbox.receive(json.dumps(HELLO | {"role": "control"}), 0.0)
    assert inbox.hello.role == "stage"


@pytest.mark.parametrize(
    ("role", "allowed"),
    [("stage", {"ack", "report"}), ("control", {"command"}), ("monitor", {"command"})],
)
def test_roles(role, allowed):
    inbox = Inbox()
    inbox.receive(json.dumps(HELLO | {"role": role}), 0.0)
    frames = {
        "ack": says(type="ack", seq=1, phase="shown"),
        "report": says(type="report", fps=60),
        "command": says(type="command", verb="next"),
    }
    for kind, frame in frames.items():
        if kind in allowed:
            assert isinstance(inbox.receive(frame, 1.0), Ack | Report | CommandMessage)
        else:
            with pytest.raises(ProtocolError, match=role):
                inbox.receive(frame, 1.0)
    assert isinstance(inbox.receive(says(type="ping"), 1.0), Ping)


def test_a_wrong_token_ends_the_connection_and_a_right_one_does_not():
    for given_token in (
        "",
        "sesam",
        "sésame",
        "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    ):
        with pytest.raises(ViolationError):
            Inbox(token="sesame").receive(json.dumps(HELLO | {"token": given_token}), 0.0)
    inbox = Inbox(token="sesame")
    inbox.receive(json.dumps(HELLO | {"token": "sesame"}), 0.0)
    assert inbox.hello is not None


def test_a_flood_ends_the_connection_even_if_every_frame_is_garbage():
    inbox = Inbox()
    outcomes = []
    for _ in range(61):
        try:
            inbox.receive("garbage", 0.0)
        except ProtocolError as error:
            outcomes.append(type(error))
    assert outcomes == [ProtocolError] * 60 + [ViolationError]


def test_sixty_a_second_for_ten_seconds_is_allowed():
    inbox = Inbox()
    inbox.receive(json.dumps(HELLO), 0.0)
    for i in range(1, 600):
        inbox.receive(says(type="ping"), i / 60)


# What waits for a client


def drain(outbox, buffered=0):
    frames = []
    while (frame := outbox.take(buffered)) is not None:
        frames.append(frame)
    return frames


@given(st.lists(st.sampled_from(["push", "snapshot", "audio", "take", "slow take"]), max_size=400))
def test_order_numbers_and_bounds_hold_whatever_happens(steps):
    outbox = Outbox()
    outbox.subscribe(snapshot_hz=60, audio=True)
    pushed, received, offered_snapshots, offered_audio = [], [], [], []
    seen_snapshots, seen_audio = [], []
    for i, step in enumerate(steps):
        if step == "push":
            if outbox.push(b'{"i":%d}' % i):
                pushed.append(i)
            else:
                assert len(outbox) == QUEUE_DEPTH
        elif step == "snapshot":
            if outbox.offer_snapshot(b"s%d" % i, float(i)):
                offered_snapshots.append(b"s%d" % i)
        elif step == "audio":
            outbox.offer_audio(b"a%d" % i)
            offered_audio.append(b"a%d" % i)
        else:
            slow = step == "slow take"
            frame = outbox.take(SKIP_BUFFERED if slow else 0)
            if frame is None:
                continue
            if not frame.text:
                assert not slow
                seen_audio.append(frame.data)
            elif frame.data.startswith(b"s"):
                assert not slow
                seen_snapshots.append(frame.data)
            else:
                received.append(json.loads(frame.data))
        assert len(outbox) <= QUEUE_DEPTH
    rest = drain(outbox)
    received += [json.loads(f.data) for f in rest if f.text and not f.data.startswith(b"s")]
    seen_snapshots += [f.data for f in rest if f.data.startswith(b"s")]
    seen_audio += [f.data for f in rest if not f.text]
    assert [message["i"] for message in received] == pushed
    assert [message["n"] for message in received] == list(range(1, len(pushed) + 1))
    # Slots never invent, repeat or reorder, and the last word always arrives.
    for seen, offered, skipped in (
        (seen_snapshots, offered_snapshots, outbox.skipped_snapshots),
        (seen_audio, offered_audio, outbox.skipped_audio),
    ):
        order = [offered.index(frame) for frame in seen]
        assert order == sorted(set(order))
        assert seen[-1:] == offered[-1:]
        assert len(seen) + skipped == len(offered)


def test_the_queue_overflows_at_its_depth():
    outbox = Outbox()
    assert all(outbox.push(b'{"a":1}') for _ in range(QUEUE_DEPTH))
    assert not outbox.push(b'{"a":1}')


@pytest.mark.parametrize("hz", [1, 10, 30, 45, 60])
@pytest.mark.parametrize("source_hz", [60.0, 187.5])
def test_snapshots_come_at_the_rate_asked_for(hz, source_hz):
    outbox = Outbox()
    outbox.subscribe(snapshot_hz=hz, audio=False)
    rng = np.random.default_rng(hz)
    times = 7.0 + np.arange(int(10 * source_hz)) / source_hz + rng.uniform(0, 0.003, int(10 * source_hz))
    got = sum(outbox.offer_snapshot(b"{}", float(t)) for t in times)
    assert abs(got - 10 * hz) <= max(2, 0.02 * 10 * hz)


def test_after_a_gap_there_is_no_burst():
    outbox = Outbox()
    outbox.subscribe(snapshot_hz=10, audio=False)
    outbox.offer_snapshot(b"{}", 0.0)
    assert sum(outbox.offer_snapshot(b"{}", 60.0 + i / 200) for i in range(100)) <= 7


def test_nothing_is_sent_that_was_not_asked_for():
    outbox = Outbox()
    outbox.subscribe(snapshot_hz=0, audio=False)
    assert not outbox.offer_snapshot(b"{}", 0.0)
    assert not outbox.offer_audio(b"x")
    assert outbox.take(0) is None


# The audio frame


def test_the_audio_frame_is_laid_out_as_documented():
    block = np.zeros((1024, 2), dtype=np.int32)
    block[:, 0] = np.linspace(-(2**23), 2**23 - 1, 1024).astype(np.int32)
    block[0, 1], block[1, 1], block[2, 1] = -1, 2**22, -(2**22)
    spectrum = np.arange(64, dtype=np.uint8) * 4
    frame = pack_audio(block, spectrum, 1.0, 2**40, 1234.5)
    assert len(frame) == FRAME_BYTES == 2144
    magic, version, kind, bands, width, gain, sample, at_ms = struct.unpack_from("<4sBBHIfQd", frame)
    assert (magic, version, kind, bands, width) == (b"AIVJ", 1, 1, 64, 1024)
    assert (gain, sample, at_ms) == (1.0, 2**40, 1234.5)
    left, right = frame[32 : 32 + 1024], frame[32 + 1024 : 32 + 2048]
    assert (left[0], left[-1]) == (0, 255)
    assert list(left) == sorted(left)
    assert list(right[:4]) == [127, 192, 64, 128]
    assert frame[32 + 2048 :] == spectrum.tobytes()


@given(st.integers(-(2**23), 2**23 - 1), st.floats(0, 1000, width=32))
def test_gain_clips_and_never_wraps(value, gain):
    block = np.full((1024, 2), value, dtype=np.int32)
    byte = pack_audio(block, np.zeros(64, np.uint8), gain, 0, 0.0)[32]
    exact = 128 + 128 * gain * value / 2**23
    assert abs(byte - min(max(exact, 0), 255)) <= 1


@pytest.mark.parametrize("gain", [float("nan"), float("inf"), -1.0])
def test_a_gain_that_is_no_gain_is_refused(gain):
    with pytest.raises(ValueError, match="gain"):
        pack_audio(np.zeros((1024, 2), np.int32), np.zeros(64, np.uint8), gain, 0, 0.0)


def test_a_wrong_shape_is_refused():
    with pytest.raises(ValueError, match="expected"):
        pack_audio(np.zeros((512, 2), np.int32), np.zeros(64, np.uint8), 1.0, 0, 0.0)
