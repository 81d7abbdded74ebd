"""What `aivjd doctor --desk` finds: at a running daemon, without one, and where nobody listens."""

import json
import socket
import threading
import time

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.udp_client import SimpleUDPClient

from daemon.bench.running import RunningDaemon
from daemon.cli import main
from daemon.desk_doctor import SEQUENCE
from daemon.session import SessionReader


def free(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def examined(tmp_path, capsys, text, *more):
    config = tmp_path / "config.toml"
    config.write_text(text, encoding="utf-8")
    code = main(["doctor", "--desk", "--json", "--config", str(config), *more])
    return code, json.loads(capsys.readouterr().out)


def said(found, words):
    rows = [row for row in found if words in row["what"]]
    assert len(rows) == 1, found
    return rows[0]


def test_a_desk_gets_the_known_sequence_and_nobody_there_is_noticed(tmp_path, capsys):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as desk:
        desk.bind(("127.0.0.1", 0))
        desk.settimeout(2)
        text = (
            f"[osc]\nin_port = 0\n[[osc.desks]]\nname = 'here'\nprefix = '/rig'\n"
            f"to = '127.0.0.1:{desk.getsockname()[1]}'\n"
            f"[[osc.desks]]\nname = 'gone'\nto = '127.0.0.1:{free()}'\n"
        )
        code, found = examined(tmp_path, capsys, text)
        heard = [OscMessage(desk.recv(4096)) for _ in SEQUENCE]
    assert [(m.address, m.params[0]) for m in heard] == [(a.replace("/aivj", "/rig"), v) for a, v in SEQUENCE]
    assert code == 1
    assert said(found, "here at")["good"] is None  # UDP cannot tell whether somebody looked
    assert said(found, "gone at")["good"] is False
    assert "nothing listens" in said(found, "gone at")["what"]


def test_without_a_daemon_it_reads_what_desks_send(tmp_path, capsys):
    port = free()

    def desk():
        time.sleep(0.7)
        client = SimpleUDPClient("127.0.0.1", port)
        client.send_message("/aivj/hold", 1)
        client.send_message("/pad/energy", 127)
        client.send_message("/nobody/knows", 1)
        client._sock.close()

    thread = threading.Thread(target=desk)
    thread.start()
    text = (
        f"[osc]\nin_port = {port}\n[[osc.desks]]\nname = 'pad'\nfrom = '127.0.0.1'\n"
        "prefix = '/pad'\nnumbers = '0..127'\n"
    )
    code, found = examined(tmp_path, capsys, text, "--seconds", "2")
    thread.join()
    assert code == 1
    assert said(found, "says: energy 1.0")["good"] is True
    assert said(found, "not used: address")["good"] is False


def test_nothing_sent_is_no_fault(tmp_path, capsys):
    code, found = examined(tmp_path, capsys, f"[osc]\nin_port = {free()}\n", "--seconds", "0.2")
    assert code == 0
    assert said(found, "no desk sent anything")["good"] is None


def test_a_desk_that_cannot_reach_us_is_named(tmp_path, capsys):
    text = f"[osc]\nin_port = {free()}\n[[osc.desks]]\nname = 'far'\nfrom = '192.0.2.77'\n"
    code, found = examined(tmp_path, capsys, text, "--seconds", "0.1")
    assert code == 1
    assert "osc.in_host" in said(found, "far is on another machine")["fix"]


def test_a_bad_address_is_a_finding(tmp_path, capsys):
    code, found = examined(tmp_path, capsys, "[osc]\ntargets = ['nowhere']\n")
    assert (code, len(found)) == (1, 1)
    assert "osc.targets" in found[0]["fix"]


@pytest.mark.slow
def test_a_running_daemon_answers_and_is_left_as_it_was(tmp_path, capsys, demo_pack):
    udp, tcp = free(), free(socket.SOCK_STREAM)
    text = f"[osc]\nin_port = {udp}\ntcp_port = {tcp}\nlearnt = ''\n"
    config = tmp_path / "daemon.toml"
    config.write_text(text, encoding="utf-8")
    arguments = ["--config", str(config), "--input", "demo", "--pack", str(demo_pack)]
    with RunningDaemon(*arguments, "--record", str(tmp_path / "sessions")):
        time.sleep(5)  # its first hop may have to wait for kernels
        code, found = examined(tmp_path, capsys, text)
    assert code == 0, found
    assert said(found, "answered /query")["good"] is True
    assert said(found, "hold was switched over and back")["good"] is True
    assert said(found, f"TCP port {tcp} answered")["good"] is True
    (session,) = (tmp_path / "sessions").iterdir()
    records = [r for r in SessionReader(session).records("inputs") if r["type"] == "command"]
    assert [(r["verb"], r["arg"]) for r in records] == [("hold", True), ("hold", False)]
