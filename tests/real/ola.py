"""The OLA daemon on this machine: a lighting program whose universes can be read over HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

from ending import end

OSC_DEVICE, SACN_DEVICE, ARTNET_DEVICE = "OSC Device", "E1.31", "ArtNet"


def free_port(kind: socket.SocketKind) -> int:
    """A port nobody used a moment ago."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Ola:
    """A running olad that receives OSC."""

    def __init__(self, web_port: int, rpc_port: int, osc_port: int) -> None:
        self.web_port = web_port
        self.rpc_port = rpc_port
        self.osc_port = osc_port

    def dmx(self, universe: int) -> list[int]:
        """Values of a universe."""
        with urlopen(f"http://127.0.0.1:{self.web_port}/get_dmx?u={universe}", timeout=2) as page:
            return list(json.load(page)["dmx"])

    def ready(self, within: float = 20) -> None:
        """Until its web server answers."""
        deadline = time.monotonic() + within
        while True:
            with contextlib.suppress(OSError, ValueError):
                self.dmx(1)
                return
            assert time.monotonic() < deadline, "olad does not answer"
            time.sleep(0.1)


@contextlib.contextmanager
def running(folder: Path, *, dmx: bool = False) -> Iterator[Ola]:
    """Start olad as its own user (it refuses to be root), with OSC going into universe 1.

    With `dmx` sACN goes into universe 2 and Art-Net into universe 3, by their usual ports.
    """
    olad = shutil.which("olad")
    assert olad is not None, "olad is not installed (package ola)"
    web, rpc = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_STREAM)
    osc = free_port(socket.SOCK_DGRAM)
    conf = folder / "conf"
    conf.mkdir(parents=True)
    (conf / "ola-osc.conf").write_text(
        f"enabled = true\ninput_ports = 1\noutput_ports = 1\nudp_listen_port = {osc}\n"
        "port_0_address = /dmx/universe/%d\nport_0_output_format = blob\nport_0_targets =\n"
    )
    inward = "artnet e131 "
    if dmx:
        (conf / "ola-artnet.conf").write_text(
            "enabled = true\nip = 127.0.0.1\nuse_loopback = true\nalways_broadcast = false\n"
            "net = 0\nsubnet = 0\noutput_ports = 4\nuse_limited_broadcast = false\n"
            "short_name = OLA\nlong_name = OLA\n"
        )
        (conf / "ola-e131.conf").write_text(
            "enabled = true\nip = 127.0.0.1\ninput_ports = 2\noutput_ports = 2\nrevision = 0.46\n"
            "dscp = 0\nignore_preview = true\nprepend_hostname = false\ndraft_discovery = false\n"
        )
    others = ("" if dmx else inward) + (
        "espnet kinet nanoleaf openpixelcontrol pathport sandnet shownet renard opendmx usbserial"
    )
    for plugin in (
        others + " usbdmx stageprofi spi uartdmx milinst gpio ftdidmx dmx4linux karate usbpro"
    ).split():
        (conf / f"ola-{plugin}.conf").write_text("enabled = false\n")
    command = [olad, "-c", str(conf), "-i", "127.0.0.1", "-p", str(web), "-r", str(rpc)]
    command += ["--no-register-with-dns-sd", "-l", "2"]
    if os.geteuid() == 0:
        user = pwd.getpwnam("olad")
        for path in (folder, conf, *conf.iterdir()):
            os.chown(path, user.pw_uid, -1)
        for parent in folder.parents:  # pytest's folders are for their owner only
            if parent.stat().st_uid == 0 and str(parent).startswith("/tmp/"):
                parent.chmod(parent.stat().st_mode | 0o011)
        setpriv = shutil.which("setpriv") or "setpriv"
        command = [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *command]
    with (folder / "olad.log").open("wb") as log:
        environment = os.environ | {"HOME": str(folder)}
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            ola = Ola(web, rpc, osc)
            ola.ready()
            _patch(ola, 1, OSC_DEVICE)
            if dmx:
                _patch(ola, 2, SACN_DEVICE)
                _patch(ola, 3, ARTNET_DEVICE)
            yield ola
        finally:
            end(process)


def _patch(ola: Ola, universe: int, device: str) -> None:
    """Lead an input into a universe. The RPC port of its tools is fixed, so this goes by HTTP."""
    with urlopen(f"http://127.0.0.1:{ola.web_port}/json/get_ports", timeout=2) as page:
        ports = json.load(page)
    port = next(p["id"] for p in ports if p["device"].startswith(device) and not p["is_output"])
    body = f"id={universe}&name=aivjd{universe}&add_ports={port}".encode()
    with urlopen(f"http://127.0.0.1:{ola.web_port}/new_universe", data=body, timeout=2) as page:
        answer = json.load(page)
    assert answer.get("ok"), answer
