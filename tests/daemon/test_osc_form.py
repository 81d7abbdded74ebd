"""Each desk gets messages its own way: prefix, scaled numbers, bundles, offset, rate."""

import math
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage
from test_osc_out import Now, beat, hear, public_state, seconds, silent, to, trust

from daemon import osc_out
from daemon.osc_form import Form, bundles, from_desk
from daemon.osc_out import OscSender
from daemon.osc_packet import Message, parse
from daemon.osc_table import BY_ADDRESS, OUT

SENSITIVITY = BY_ADDRESS["/aivj/state/sensitivity"]
HOLD = BY_ADDRESS["/aivj/state/hold"]
TOPS = {"0..1": 1, "0..100": 100, "0..127": 127, "0..255": 255}


def read(packets):
    return [(m.address, m.params) for m in map(OscMessage, packets)]


@pytest.mark.parametrize(
    ("numbers", "value", "sent"),
    [
        ("plain", 12.0, 12.0),
        ("0..1", 12.0, 0.75),
        ("0..100", 12.0, 75),
        ("0..127", 12.0, 95),
        ("0..255", 12.0, 191),
        ("0..1", -99.0, 0.0),
        ("0..255", 99.0, 255),
        ("0..127", math.nan, 0),
    ],
)
def test_numbers_with_a_range_are_scaled(numbers, value, sent):
    form = Form("/aivj", numbers)
    ((address, params),) = read(form.packets(SENSITIVITY, value))
    assert (address, params) == ("/aivj/state/sensitivity", [sent])
    assert type(params[0]) is type(sent)


@given(st.sampled_from(sorted(TOPS)), st.floats(-24, 24))
def test_a_desk_sends_back_what_it_was_sent(numbers, value):
    (packet,) = Form("/aivj", numbers).packets(SENSITIVITY, value)
    sent = OscMessage(packet).params[0]
    assert 0 <= sent <= TOPS[numbers]
    step = 0.0001 if numbers == "0..1" else 48 / TOPS[numbers]
    assert from_desk(float(sent), numbers, -24, 24) == pytest.approx(value, abs=step / 2 + 1e-5)


def test_switches_are_full_or_nothing():
    for numbers, on in (("plain", 1), ("0..1", 1.0), ("0..100", 100), ("0..127", 127), ("0..255", 255)):
        assert read(Form("/aivj", numbers).packets(HOLD, True)) == [("/aivj/state/hold", [on])]
        assert read(Form("/aivj", numbers).packets(HOLD, False)) == [("/aivj/state/hold", [0])]


def test_a_choice_is_a_row_of_lamps_where_numbers_are_scaled():
    mode = BY_ADDRESS["/aivj/state/mode"]
    assert read(Form().packets(mode, "shuffle")) == [("/aivj/state/mode", ["shuffle"])]
    assert read(Form("/v", "0..255").packets(mode, "shuffle")) == [
        ("/v/state/mode", ["shuffle"]),
        ("/v/state/mode/weighted", [0]),
        ("/v/state/mode/random", [0]),
        ("/v/state/mode/shuffle", [255]),
        ("/v/state/mode/public_v0", [0]),
    ]


def test_counters_and_texts_are_left_alone():
    form = Form("/rig/video", "0..127")
    assert read(form.packets(BY_ADDRESS["/aivj/beat"], 1000)) == [("/rig/video/beat", [1000])]
    pick = BY_ADDRESS["/aivj/pick/prepare"]
    ((address, params),) = read(form.packets(pick, 7, "demo:1", "pair", "demo", 1.5))
    assert (address, params) == ("/rig/video/pick/prepare", [7, "demo:1", "pair", "demo", 1.5])


@given(st.sampled_from(OUT), st.sampled_from(["/a", "/" + "x" * 63]), st.sampled_from(["plain", *TOPS]))
def test_every_message_fits_every_desk(row, prefix, numbers):
    values = ["x" * 300 if arg.tag == "s" else 2**31 - 1 for arg in row.args]
    for packet in Form(prefix, numbers).packets(row, *values):
        assert len(packet) < 512
        assert OscMessage(packet).address.startswith(prefix + "/")


@given(st.lists(st.integers(1, 60), max_size=40))
def test_bundles_hold_everything_in_order_and_stay_small(lengths):
    packets = [b"/" + b"a" * (4 * n - 2) + b"\0,\0\0\0" for n in lengths]
    made = bundles(packets)
    assert all(len(bundle) <= 512 for bundle in made)
    found = [message for bundle in made for message in parse(bundle)]
    assert found == [Message("/" + "a" * (4 * n - 2), ()) for n in lengths]
    assert all(OscBundle.dgram_is_bundle(bundle) for bundle in made)
    assert len(made) <= max(1, -(-sum(map(len, packets)) // 200))


def test_a_desk_with_addresses_of_its_own_gets_them_and_nothing_else():
    form = Form(
        "/aivj", "0..100", {"/aivj/level/bass": "/Page1/Fader201", "/aivj/section/drop": "/Page1/Key101"}
    )
    assert read(form.packets(BY_ADDRESS["/aivj/level/bass"], 0.5)) == [("/Page1/Fader201", [50])]
    assert read(form.packets(BY_ADDRESS["/aivj/level/high"], 0.5)) == []
    assert read(form.packets(BY_ADDRESS["/aivj/section"], "drop")) == [("/Page1/Key101", [100])]
    assert read(form.packets(BY_ADDRESS["/aivj/section"], "calm")) == [("/Page1/Key101", [0])]
    plain = Form("/aivj", "plain", {"/aivj/section/drop": "/go", "/aivj/section": "/name"})
    assert read(plain.packets(BY_ADDRESS["/aivj/section"], "drop")) == [("/name", ["drop"]), ("/go", [1])]


# As the sender uses it


@pytest.fixture
def desk():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(2)
        yield sock


@pytest.fixture
def sending():
    """Makes senders without a heartbeat, and closes them."""
    made = []

    def make(desks, **more):
        sender = OscSender(desks, clock=Now(), **more)
        sender._next_heartbeat = 1e9
        made.append(sender)
        return sender

    yield make
    for sender in made:
        sender.close()


@pytest.mark.parametrize(("offset_ms", "at"), [(0.0, 101.0), (-40.0, 100.96), (250.0, 101.25)])
def test_a_beat_leaves_at_its_audio_time_plus_the_desks_offset(desk, sending, offset_ms, at):
    sender = sending(to(desk, offset_ms=offset_ms))
    sender.event(trust(True), seconds)
    hear(desk, 3)
    sender.event(beat(5, downbeat=True, bar_count=2), seconds)
    assert sender.next_due() == pytest.approx(at)
    assert sender.due(at - 0.0001) == 0
    assert silent(desk)
    assert sender.due(at + 0.0001) == 2
    assert hear(desk, 2) == [("/aivj/beat", [5]), ("/aivj/bar", [2])]


def test_desks_with_different_offsets_get_the_same_beats(desk, sending):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        other.settimeout(2)
        early, late = to(desk, offset_ms=-20)[0], to(other, offset_ms=30)[0]
        sender = sending([early, late])
        for count in (1, 2, 3):
            sender.event(beat(count, sample=48_000 * count), seconds)
        assert sender.due(100.99) == 1
        assert sender.due(103.5) == 5
        wanted = [("/aivj/beat", [n]) for n in (1, 2, 3)]
        assert hear(desk, 3) == hear(other, 3) == wanted


def test_levels_come_as_often_as_a_desk_wants(desk, sending, snapshot):
    sender = sending(to(desk, level_hz=10), hop_hz=100.0)
    for _ in range(35):
        sender.levels(snapshot)
    energy = [m for m in hear(desk, 3 * len(osc_out._LEVELS)) if m[0] == "/aivj/level/energy"]
    assert energy == [("/aivj/level/energy", [0.5])] * 3
    assert silent(desk)
    never = sending(to(desk, level_hz=0), hop_hz=100.0)
    for _ in range(200):
        never.levels(snapshot)
    assert silent(desk)


def test_levels_in_one_bundle(desk, sending, snapshot):
    sender = sending(to(desk, form="bundle", numbers="0..255", level_hz=60), hop_hz=60.0)
    sender.levels(snapshot)
    packet = desk.recv(4096)
    assert len(packet) <= 512
    assert {m.address: m.params for m in OscBundle(packet)}["/aivj/level/energy"] == [128]
    assert silent(desk)


def test_a_desk_whose_controls_echo_gets_no_state_from_here(desk, sending):
    sender = sending(to(desk, echo="control"))
    sender.event(public_state(hold=True), seconds)
    assert silent(desk)
    both = sending(to(desk, echo="both"))
    both.event(public_state(hold=True), seconds)
    assert ("/aivj/state/hold", [1]) in hear(desk, 8)
