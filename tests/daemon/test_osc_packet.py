"""Reading datagrams strictly: malformed ones are refused, sound ones agree with python-osc."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from daemon.errors import ProtocolError
from daemon.osc_packet import MAX_DATAGRAM, MAX_NESTING, Message, parse


def message(address, *args):
    builder = OscMessageBuilder(address)
    for arg in args:
        builder.add_arg(*arg) if isinstance(arg, tuple) else builder.add_arg(arg)
    return builder.build().dgram


def element(content):
    return struct.pack(">i", len(content)) + content


def bundle(*contents, tag=1):
    return b"#bundle\0" + struct.pack(">Q", tag) + b"".join(map(element, contents))


def nested(depth):
    packet = message("/aivj/next")
    for _ in range(depth):
        packet = bundle(packet)
    return packet


MALFORMED = {
    "empty": b"",
    "no null at all": b"/abc",
    "not a multiple of four": b"/a\0\0,f\0\0\x3f\x80\0",
    "address without slash": b"abc\0,\0\0\0",
    "address not ASCII": b"/\xff\xfe\0,\0\0\0",
    "address with a control character": b"/a\n\0,\0\0\0",
    "padding not null": b"/a\0x,\0\0\0",
    "tags without comma": b"/a\0\0f\0\0\0\0\0\0\0",
    "tags without end": b"/a\0\0,fff",
    "float missing": b"/a\0\0,f\0\0",
    "second float missing": b"/a\0\0,ff\0\x3f\x80\0\0",
    "double cut short": b"/a\0\0,d\0\0\x3f\xf0\0\0",
    "text without end": b"/a\0\0,s\0\0abcd",
    "blob longer than the packet": b"/a\0\0,b\0\0\0\0\0\x40abcd",
    "blob of negative length": b"/a\0\0,b\0\0\xff\xff\xff\xfcabcd",
    "unknown type tag": b"/a\0\0,q\0\0\0\0\0\0",
    "array never closed": b"/a\0\0,[i\0\0\0\0\x01",
    "bytes after the arguments": b"/a\0\0,i\0\0\0\0\0\x01\0\0\0\x02",
    "text not UTF-8": b"/a\0\0,s\0\0\xff\xfe\0\0",
    "NaN": b"/a\0\0,f\0\0\x7f\xc0\0\0",
    "infinity": b"/a\0\0,d\0\0\x7f\xf0\0\0\0\0\0\0",
    "bundle without time": b"#bundle\0\0\0\0\0",
    "bundle cut in its time": b"#bundle\0",
    "element longer than the bundle": b"#bundle\0" + bytes(7) + b"\x01" + b"\0\0\x10\0" + b"/a\0\0",
    "element of no length": b"#bundle\0" + bytes(7) + b"\x01" + b"\0\0\0\0",
    "element of negative length": b"#bundle\0" + bytes(7) + b"\x01" + b"\xff\xff\xff\xf0/a\0\0",
    "one bad element among good ones": bundle(message("/aivj/next"), b"/a\0\0,f\0\0"),
    "nested too deeply": nested(MAX_NESTING + 1),
    "nested very deeply": nested(150),
    "too long": message("/a", "x" * MAX_DATAGRAM),
    "a thousand arguments": message("/a", *([True] * 1000)),
    "HTTP": b"GET / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_packets_are_refused_whole(name):
    with pytest.raises(ProtocolError, match=r"^.+\.$"):
        parse(MALFORMED[name])


def test_bundles_are_taken_apart_in_order_whatever_their_time():
    builder = OscBundleBuilder(IMMEDIATELY)
    for verb in ("next", "back"):
        builder.add_content(OscMessageBuilder(f"/aivj/{verb}").build())
    packet = bundle(builder.build().dgram, bundle(message("/aivj/hold", True)), tag=2**64 - 1)
    assert parse(packet) == [
        Message("/aivj/next", ()),
        Message("/aivj/back", ()),
        Message("/aivj/hold", (True,)),
    ]
    assert len(parse(nested(MAX_NESTING))) == 1
    assert parse(bundle()) == []


def test_a_message_without_type_tags_has_no_arguments():
    assert parse(b"/aivj/next\0\0") == [Message("/aivj/next", ())]


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
ARGS = st.lists(
    st.tuples(st.integers(-(2**31), 2**31 - 1), st.just("i"))
    | st.tuples(st.integers(-(2**63), 2**63 - 1), st.just("h"))
    | st.tuples(st.floats(allow_nan=False, allow_infinity=False, width=32), st.just("f"))
    | st.tuples(FLOATS, st.just("d"))
    | st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20), st.just("s"))
    | st.tuples(st.booleans(), st.just("bool"))
    | st.tuples(st.just(None), st.just("N")),
    max_size=8,
)


@given(ARGS)
def test_what_python_osc_builds_is_read_back(args):
    pairs = [(value, ("T" if value else "F") if tag == "bool" else tag) for value, tag in args]
    (found,) = parse(message("/aivj/pick", *pairs))
    assert found == Message("/aivj/pick", tuple(value for value, _ in args))


SOUND = [
    message("/aivj/sensitivity", 3.5),
    message("/aivj/mode", "weighted"),
    message("/aivj/pair", (12, "i"), "demo", (1.5, "d"), True, (b"abc", "b")),
    bundle(message("/aivj/next"), bundle(message("/aivj/energy", 0.25)), tag=2**63),
]


@given(
    st.sampled_from(SOUND),
    st.lists(
        st.tuples(
            st.sampled_from(["flip", "cut", "insert", "zero"]), st.integers(0, 199), st.integers(0, 255)
        ),
        max_size=6,
    ),
)
def test_mutations_are_read_or_refused_and_nothing_else(packet, mutations):
    data = bytearray(packet)
    for how, at, value in mutations:
        at %= len(data) + 1
        if how == "cut":
            del data[at:]
        elif how == "insert":
            data[at:at] = bytes([value])
        elif at < len(data):
            data[at] = value if how == "flip" else 0
    try:
        found = parse(bytes(data))
    except ProtocolError as error:
        found = [str(error)]
    assert all(isinstance(one, Message | str) and one for one in found)


@given(st.binary(max_size=300))
def test_noise_is_refused(data):
    try:
        found = parse(data)
    except ProtocolError:
        return
    assert all(one.address.startswith("/") for one in found)


@given(st.sampled_from(SOUND[:3]), st.data())
def test_a_packet_cut_anywhere_is_never_taken_for_a_value(packet, data):
    cut = data.draw(st.integers(0, len(packet) - 1))
    try:
        (found,) = parse(packet[:cut])
    except ProtocolError:
        return
    assert found.args == ()  # cut right behind the address: an early sender's message without arguments
    assert packet[:cut].rstrip(b"\0") == found.address.encode()
