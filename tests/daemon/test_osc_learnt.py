"""Addresses are learnt by moving something, and stay learnt."""

import asyncio
import json

import pytest
from test_osc_in import listening, run, until
from test_osc_packet import message

from daemon.errors import ProtocolError
from daemon.osc_learnt import MAX_BINDINGS, Binding, Learnt, wanted
from daemon.settings import DeskSettings

PAD = DeskSettings(name="pad", source="127.0.0.1", numbers="0..127")


def refused(desk, reason):
    return desk.metrics.counter("aivjd_osc_refused_total", "", ["reason"]).value(reason=reason)


@pytest.mark.parametrize(
    ("text", "address", "sent", "command"),
    [
        ("next", "/1/push1", 1.0, ("next", None)),
        ("sensitivity", "/1/fader1", 95.25, ("sensitivity", 12.0)),
        ("sensitivity 0..1", "/1/fader1", 0.75, ("sensitivity", 12.0)),
        ("sensitivity plain", "/1/fader1", 12.0, ("sensitivity", 12.0)),
        ("sensitivity -6", "/1/push4", 127, ("sensitivity", -6.0)),
        ("mode shuffle", "/1/push2", 127, ("mode", "shuffle")),
        ("hold toggle", "/1/push3", 1, ("hold", None)),
        ("pair 12", "/deck/a", None, ("pair", "12")),
        ("next", "/aivj/back", None, ("next", None)),
    ],
)
def test_what_is_moved_next_is_bound(text, address, sent, command):
    async def body():
        async with listening(desks=(PAD,)) as desk:
            desk.receiver.learn(text)
            assert desk.receiver.describe()["learning"] == command[0]
            await desk.say(address, sent)
            await until(lambda: desk.receiver.describe()["learning"] is None)
            assert desk.commands == []  # this one was for learning
            await asyncio.sleep(0.01)
            await desk.say(address, 0 if sent is not None and "fader" not in address else sent)
            await desk.say(address, sent)
            await until(lambda: desk.commands)
            assert desk.commands[-1] == (*command, "osc:pad")

    run(body())


def test_the_release_of_a_learnt_pad_does_nothing():
    async def body():
        async with listening(desks=(PAD,)) as desk:
            desk.receiver.learn("mode shuffle")
            await desk.say("/1/push2", 1.0)
            await desk.say("/1/push2", 0.0)
            await desk.say("/aivj/tap")
            await until(lambda: desk.commands)
            assert desk.commands == [("tap", None, "osc:pad")]
            assert refused(desk, "address") == 0

    run(body())


def test_a_release_and_a_chattering_meter_are_not_learnt():
    async def body():
        now = [100.0]
        async with listening(desks=(PAD,), clock=lambda: now[0]) as desk:
            await desk.say("/meter", 0.3)
            await until(lambda: refused(desk, "address") == 1)
            desk.receiver.learn("next")
            now[0] += 0.2
            await desk.say("/meter", 0.4)
            await desk.say("/1/push1", 0.0)
            now[0] += 0.6
            await desk.say("/1/push2", 1.0)
            await until(lambda: desk.receiver.describe()["learning"] is None)
            assert [b["address"] for b in desk.receiver.describe()["learnt"]] == ["/1/push2"]

    run(body())


def test_learning_ends_by_itself_or_by_word():
    async def body():
        now = [100.0]
        async with listening(clock=lambda: now[0]) as desk:
            desk.receiver.learn("next")
            desk.receiver.learn("off")
            assert desk.receiver.describe()["learning"] is None
            desk.receiver.learn("next")
            now[0] += 61
            assert desk.receiver.describe()["learning"] is None
            await desk.say("/1/push1", 1.0)
            await until(lambda: refused(desk, "address") == 1)
            assert desk.receiver.describe()["learnt"] == []

    run(body())


def test_a_binding_is_one_desks_own():
    async def body():
        async with listening() as desk:  # nobody is called pad here
            desk.receiver.door.learnt.bind(Binding(desk="pad", address="/1/push1", verb="next"))
            await desk.send(message("/1/push1", 1.0))
            await until(lambda: refused(desk, "address") == 1)

    run(body())


@pytest.mark.parametrize(
    "text", ["", "nxt", "learn", "forget", "query", "mode loud", "sensitivity loud", "hold maybe"]
)
def test_what_cannot_be_learnt_is_refused(text):
    async def body():
        async with listening() as desk:
            with pytest.raises(ProtocolError, match=r"\.$"):
                desk.receiver.learn(text)
            with pytest.raises(ProtocolError, match="no desk has taught us"):
                desk.receiver.forget("/nothing")

    run(body())


# The file


def test_what_was_learnt_outlives_the_program_and_an_absent_desk(tmp_path):
    path = tmp_path / "deep" / "learnt.json"
    first = Learnt(path)
    first.bind(Binding(desk="pad", address="/a", verb="next"))
    first.bind(Binding(desk="rig", address="/a", verb="mode", arg="shuffle"))
    first.bind(Binding(desk="pad", address="/b", verb="sensitivity", numbers="0..1"))
    first.bind(Binding(desk="pad", address="/a", verb="back"))
    second = Learnt(path)
    assert second.all == first.all
    assert second.get("pad", "/a") == Binding(desk="pad", address="/a", verb="back")
    assert second.forget("/a") == 2
    assert Learnt(path).all == [Binding(desk="pad", address="/b", verb="sensitivity", numbers="0..1")]
    assert [entry.name for entry in path.parent.iterdir()] == ["learnt.json"]


def test_a_verb_of_another_version_is_kept_and_not_used(tmp_path):
    path = tmp_path / "learnt.json"
    path.write_text(json.dumps({"learnt": [{"desk": "d", "address": "/x", "verb": "strobe"}]}))
    kept = Learnt(path)
    assert kept.get("d", "/x") is None
    kept.bind(Binding(desk="d", address="/y", verb="next"))
    assert [b.verb for b in Learnt(path).all] == ["strobe", "next"]


@pytest.mark.parametrize("data", [b"", b"{", b'{"learnt": 3}', b'{"learnt": [{"desk": 1}]}', b"\xff" * 100])
def test_a_broken_file_is_said_and_survived(tmp_path, data, caplog):
    path = tmp_path / "learnt.json"
    path.write_bytes(data)
    assert Learnt(path).all == []
    assert str(path) in caplog.text
    assert path.read_bytes() == data


def test_a_full_disk_is_said_and_survived(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    learnt = Learnt(tmp_path / "file" / "learnt.json")
    learnt.bind(Binding(desk="d", address="/y", verb="next"))
    assert learnt.get("d", "/y") is not None
    assert "cannot be kept" in caplog.text


def test_there_is_an_end_to_learning():
    learnt = Learnt(None)
    for number in range(MAX_BINDINGS):
        learnt.bind(Binding(desk="d", address=f"/{number}", verb="next"))
    learnt.bind(Binding(desk="d", address="/0", verb="back"))
    with pytest.raises(ProtocolError, match="forget some"):
        learnt.bind(Binding(desk="d", address="/more", verb="next"))


def test_what_is_wanted():
    assert wanted("  mode   shuffle ") == Binding(desk="", address="", verb="mode", arg="shuffle")
    assert wanted("energy 0..255").numbers == "0..255"
