"""What desks get: every message of the table, read by python-osc, and the sender's behaviour."""

import errno
import math
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage

from daemon import osc_out
from daemon.errors import ConfigError
from daemon.osc_desks import Desks, resolve_target
from daemon.osc_out import USUAL_HOP_HZ, Due, OscSender, Schedule
from daemon.osc_table import BY_ADDRESS, OUT, echoes
from daemon.settings import DeskSettings, OscSettings
from dsp.events import Beat, Onset, SectionChange, StateChange
from selector.events import Activate, Cancel, Prepare, PublicState, StateChanged


@pytest.fixture
def desk():
    """A socket that hears what is sent to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(2)
        yield sock


def to(*sockets, **settings):
    """Desks that listen at these sockets."""
    desks = [
        DeskSettings(name=f"desk{number}", to=f"127.0.0.1:{sock.getsockname()[1]}", **settings)
        for number, sock in enumerate(sockets)
    ]
    return Desks(OscSettings(desks=tuple(desks))).receivers


class Now:
    """A clock that stands still until told."""

    def __init__(self, at=100.0):
        self.at = at

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Now()


@pytest.fixture
def sender(desk, clock):
    sender = OscSender(to(desk), clock=clock)
    yield sender
    sender.close()


def hear(desk, count):
    messages = [OscMessage(desk.recv(4096)) for _ in range(count)]
    return [(message.address, message.params) for message in messages]


def silent(desk):
    desk.setblocking(False)
    try:
        return desk.recv(4096) and False
    except BlockingIOError:
        return True
    finally:
        desk.settimeout(2)


def typical(arg):
    if arg.tag == "s":
        return arg.choices[-1] if arg.choices else "demo:12"
    return 7 if arg.low is None else arg.high


@pytest.mark.parametrize("row", OUT, ids=lambda row: row.address)
def test_every_message_arrives_at_a_python_osc_receiver(row, desk, sender):
    values = [typical(arg) for arg in row.args]
    sender.say(row, *values)
    data = desk.recv(4096)
    assert len(data) < 512
    message = OscMessage(data)
    assert (message.address, message.params) == (row.address, values)
    for arg, value in zip(row.args, message.params, strict=True):
        assert type(value) is {"i": int, "f": float, "s": str}[arg.tag]


@given(st.sampled_from(OUT), st.data())
def test_nothing_leaves_its_range(row, data):
    anything = st.floats() | st.integers(-(2**70), 2**70)
    # A counter is never NaN: it counts. Everything with a range must stand anything.
    values = [
        data.draw(st.text() if arg.tag == "s" else st.integers(0, 2**70) if arg.low is None else anything)
        for arg in row.args
    ]
    packet = row.pack(*values)
    assert len(packet) < 512
    assert len(packet) % 4 == 0
    for arg, value in zip(row.args, OscMessage(packet).params, strict=True):
        if arg.tag == "s":
            assert value.isascii()
        elif arg.low is None:
            assert 0 <= value < 2**31
        else:
            assert arg.low <= value <= arg.high
            assert math.isfinite(value)


def test_a_counter_starts_again_after_the_largest():
    counter = BY_ADDRESS["/aivj/beat"]
    assert [OscMessage(counter.pack(n)).params for n in (2**31 - 1, 2**31)] == [[2**31 - 1], [0]]


def test_a_wrong_number_of_values_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="zip"):
        BY_ADDRESS["/aivj/beat"].pack(1, 2)


# Targets


BAD_TARGETS = [
    *("", "localhost", "localhost:", ":8000", "localhost:0", "localhost:65536", "localhost:99999999999"),
    *("localhost:x", "::1:8000", "10.0.0.5:\uff18\uff10", "10.0.0.5:-1", "10.0.0.5 8000"),
    *("nowhere.invalid:8000", "a..b:8000", "x" * 300 + ":1"),
]


@pytest.mark.parametrize("text", BAD_TARGETS)
def test_a_bad_target_is_explained(text):
    with pytest.raises(ConfigError, match=r"^osc\.targets: .+\.$"):
        Desks(OscSettings(targets=(text,)))


def test_targets():
    assert resolve_target("127.0.0.1:8000") == (socket.AF_INET, ("127.0.0.1", 8000))
    assert resolve_target(" [::1]:9 ") == (socket.AF_INET6, ("::1", 9))


def test_every_target_gets_it():
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as a,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as b,
    ):
        for sock in (a, b):
            sock.bind(("127.0.0.1", 0))
            sock.settimeout(2)
        sender = OscSender(to(a, b))
        sender.say(BY_ADDRESS["/aivj/bar"], 3)
        sender.close()
        assert hear(a, 1) == hear(b, 1) == [("/aivj/bar", [3])]


def test_without_targets_nothing_is_kept(clock):
    sender = OscSender([], clock=clock)
    sender.say_at(1.0, BY_ADDRESS["/aivj/bar"], 1)
    sender.event(beat(1), float)
    assert sender.next_due() is None
    assert sender.due(1e9) == 0


def test_nobody_listening_harms_nothing():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    sender = OscSender(Desks(OscSettings(targets=(f"127.0.0.1:{port}",))).receivers)
    for count in range(20):
        sender.say(BY_ADDRESS["/aivj/bar"], count)
    sender.close()
    assert sender.sent == 20


@pytest.mark.parametrize(
    ("error", "counter"),
    [(BlockingIOError(errno.EAGAIN, ""), "dropped"), (OSError(errno.ENETDOWN, ""), "errors")],
)
def test_what_the_kernel_refuses_is_counted_and_the_rest_goes_on(sender, error, counter):
    class Stuffed:
        def sendto(self, *_):
            raise error

        def close(self):
            pass

    real, sender._sockets = sender._sockets, {socket.AF_INET: Stuffed()}
    sender.say(BY_ADDRESS["/aivj/bar"], 1)
    assert (getattr(sender, counter), sender.sent) == (1, 0)
    sender._sockets = real
    sender.say(BY_ADDRESS["/aivj/bar"], 1)
    assert sender.sent == 1


def test_sockets_never_block(sender):
    assert all(sock.getblocking() is False for sock in sender._sockets.values())


# Moments


@given(
    st.lists(st.tuples(st.floats(0, 100), st.integers(0, 9)), max_size=60),
    st.lists(st.floats(0, 110), max_size=20),
)
def test_the_schedule_gives_each_packet_once_in_order_and_never_early(entries, asks):
    schedule = Schedule()
    for at, content in entries:
        assert schedule.add(at, Due(0, b"%d %r" % (content, repr(at).encode())))
    taken, now = [], 0.0
    for ask in [*sorted(asks), 200.0]:
        now = ask
        first = schedule.next_due()
        due = schedule.due(now)
        assert bool(due) == (first is not None and first <= now)
        taken += due
    expected = sorted(entries, key=lambda entry: entry[0])
    assert taken == [Due(0, b"%d %r" % (content, repr(at).encode())) for at, content in expected]
    assert schedule.next_due() is None


def test_the_schedule_is_bounded_and_takes_no_impossible_time():
    schedule = Schedule(limit=2)
    assert schedule.add(1.0, Due(0, b"a"))
    assert not schedule.add(float("nan"), Due(0, b"b"))
    assert not schedule.add(float("inf"), Due(0, b"b"))
    assert schedule.add(2.0, Due(0, b"b"))
    assert not schedule.add(3.0, Due(0, b"c"))


def test_the_heartbeat_comes_each_second_and_does_not_burst_after_a_pause(desk, sender, clock):
    for tenth in range(51):
        sender.due(clock.at + tenth / 10)
    assert hear(desk, 6) == [("/aivj/heartbeat", [n]) for n in range(1, 7)]
    sender.due(clock.at + 100)
    sender.due(clock.at + 100.1)
    assert hear(desk, 1) == [("/aivj/heartbeat", [7])]
    assert silent(desk)


# Events


def beat(count, *, trusted=True, downbeat=False, bar_count=0, sample=48_000):
    return Beat(
        sample=sample, emitted=0, count=count, bar_beat=0 if downbeat else 1, bar_count=bar_count,
        tempo_bpm=128.0, trusted=trusted, downbeat=downbeat, source="audio",
    )  # fmt: skip


def trust(bar_trusted, audio_state="live", *, beat_trusted=True, audio_valid=True):
    return StateChange(
        sample=0,
        emitted=0,
        audio_state=audio_state,
        audio_valid=audio_valid,
        beat_trusted=beat_trusted,
        bar_trusted=bar_trusted,
    )


def seconds(sample):
    return 100.0 + sample / 48_000


def test_a_beat_is_sent_at_its_audio_time(desk, sender, clock):
    sender.due(clock.at)
    hear(desk, 1)
    sender.event(beat(5), seconds)
    assert sender.next_due() == 101.0
    assert sender.due(100.9999) == 0
    assert silent(desk)
    sender._next_heartbeat = 1e9
    assert sender.due(101.0) == 1
    assert hear(desk, 1) == [("/aivj/beat", [5])]


def test_a_guess_is_not_published_as_a_fact(desk, sender):
    sender._next_heartbeat = 1e9
    sender.event(beat(1, trusted=False), seconds)
    sender.event(beat(2, downbeat=True, bar_count=9), seconds)
    sender.event(trust(True), seconds)
    sender.event(beat(3, downbeat=True, bar_count=10), seconds)
    sender.due(200.0)
    assert hear(desk, 6) == [
        ("/aivj/beat/trusted", [1]),
        ("/aivj/bar/trusted", [1]),
        ("/aivj/state/audio", ["live"]),
        ("/aivj/beat", [2]),
        ("/aivj/beat", [3]),
        ("/aivj/bar", [10]),
    ]
    assert silent(desk)


def test_a_beat_that_was_trusted_coasts_through_a_breakdown_and_says_so(desk, sender):
    sender._next_heartbeat = 1e9
    sender.event(trust(True), seconds)
    sender.event(beat(1, downbeat=True), seconds)
    sender.event(trust(False, beat_trusted=False), seconds)
    sender.event(beat(2, trusted=False, downbeat=True), seconds)
    sender.due(200.0)
    assert hear(desk, 8) == [
        ("/aivj/beat/trusted", [1]),
        ("/aivj/bar/trusted", [1]),
        ("/aivj/state/audio", ["live"]),
        ("/aivj/beat/trusted", [0]),
        ("/aivj/bar/trusted", [0]),
        ("/aivj/beat", [1]),
        ("/aivj/bar", [0]),
        ("/aivj/beat", [2]),
    ]
    sender.event(trust(False, beat_trusted=False, audio_valid=False), seconds)
    sender.event(beat(3, trusted=False), seconds)
    sender.due(200.0)
    assert silent(desk)  # in silence nothing is left to coast on


def test_onsets_and_sections(desk, sender):
    sender._next_heartbeat = 1e9
    for kind in ("kick", "clap", "hihat", "other"):
        sender.event(Onset(sample=0, emitted=0, kind=kind, strength01=1.0, count=4), seconds)
    sender.event(SectionChange(sample=0, emitted=0, section="drop", previous="build"), seconds)
    sender.due(100.0)
    assert hear(desk, 5) == [
        ("/aivj/onset/kick", [4]),
        ("/aivj/onset/clap", [4]),
        ("/aivj/onset/hihat", [4]),
        ("/aivj/onset/other", [4]),
        ("/aivj/section", ["drop"]),
    ]


def prepare(seq, **changes):
    fields = {
        "kind": "pair", "pack": "demo", "pair": 12, "preset_ids": ("a", "b"), "fg_url": "/f", "bg_url": "/b",
        "activate_sample": 96_000, "fade_sec": 1.0,
    }  # fmt: skip
    return Prepare(seq=seq, **fields | changes)


def test_a_pick_is_announced_ahead_and_then_shown_at_its_moment(desk, sender):
    sender._next_heartbeat = 1e9
    sender.event(prepare(3), seconds)
    sender.event(prepare(4, kind="preset", pair=None, preset_ids=("neon/Ω.milk",), bg_url=None), seconds)
    sender.event(Cancel(seq=4, reason="failed: link"), seconds)
    sender.event(Activate(seq=3, sample=96_000, beat_count=8, bar_count=2, fade_sec=1.0), seconds)
    sender.event(Activate(seq=4, sample=96_000, beat_count=8, bar_count=2, fade_sec=1.0), seconds)
    sender.due(101.9)
    assert hear(desk, 3) == [
        ("/aivj/pick/prepare", [3, "demo:12", "pair", "demo", 2.0]),
        ("/aivj/pick/prepare", [4, "demo:neon/?.milk", "preset", "demo", 2.0]),
        ("/aivj/pick/cancel", [4, "failed: link"]),
    ]
    assert silent(desk)
    sender.due(102.0)
    assert hear(desk, 1) == [("/aivj/pick", [3, "demo:12", "pair", "demo"])]
    assert silent(desk)


def public_state(**changes):
    fields = {
        "hold": False, "blackout": False, "mode": "weighted", "kind": "pair", "pack": "demo",
        "packs": ("demo",), "energy_bias": 0.0, "pinned": None, "banned": (), "quarantined": (),
        "now": None, "next": None, "warnings": (),
    }  # fmt: skip
    return StateChanged(state=PublicState(**fields | changes))


def test_state_is_echoed_when_it_changes(desk, sender):
    sender.event(public_state(), seconds)
    assert dict(hear(desk, 9)) == {
        "/aivj/state/hold": [0],
        "/aivj/state/untildrop": [0],
        "/aivj/state/blackout": [0],
        "/aivj/state/mode": ["weighted"],
        "/aivj/state/kind": ["pair"],
        "/aivj/state/pack": ["demo"],
        "/aivj/state/energy": [0.0],
        "/aivj/state/pinned": [""],
        "/aivj/state/banned": [0],
    }
    sender.event(public_state(pinned="demo:3", banned=("demo:1", "demo:2")), seconds)
    assert hear(desk, 2) == [("/aivj/state/pinned", ["demo:3"]), ("/aivj/state/banned", [2])]
    sender.event(public_state(), seconds)
    hear(desk, 2)
    sender.event(public_state(hold=True, energy_bias=-0.5), seconds)
    assert hear(desk, 2) == [("/aivj/state/hold", [1]), ("/aivj/state/energy", [-0.5])]
    sender.event(public_state(hold=True, energy_bias=-0.5), seconds)
    assert silent(desk)


def test_the_echoes_of_a_state_message():
    state = {
        "type": "state", "hold": True, "sensitivityDb": 99.0, "mode": None, "banned": [],
        "input": {"state": "silent"},
    }  # fmt: skip
    assert echoes(state) == {
        "/aivj/state/hold": True,
        "/aivj/state/sensitivity": 99.0,
        "/aivj/state/banned": 0,
        "/aivj/state/audio": "silent",
    }
    assert OscMessage(BY_ADDRESS["/aivj/state/sensitivity"].pack(99.0)).params == [24.0]


def test_levels_are_those_of_the_snapshot(desk, sender, snapshot):
    for _ in range(round(USUAL_HOP_HZ / 30)):
        assert silent(desk)
        sender.levels(snapshot)
    heard = dict(hear(desk, len(osc_out._LEVELS)))
    assert heard["/aivj/level/energy"] == [0.5]
    assert heard["/aivj/level/bass"] == [0.25]
    assert heard["/aivj/tempo"] == [128.0]
    assert heard["/aivj/beat/trusted"] == [1]
    assert heard["/aivj/bar/trusted"] == [0]
    assert heard["/aivj/beat/phase"] == [0.75]
    assert len(heard) == len(osc_out._LEVELS)
    assert silent(desk)
