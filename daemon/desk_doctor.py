"""`aivjd doctor --desk`: OSC both ways, tried out, in the words of whoever stands at the desk.

A known sequence goes to every desk; what UDP can tell of it is told. A running daemon is asked for
its state, has its hold switched over and back, and must say so each time. Where none runs, what the
desks send is listened to and read as the daemon would.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from daemon.errors import AivjdError, ProtocolError
from daemon.metrics import Metrics
from daemon.osc_desks import Desk, Desks
from daemon.osc_form import Form, grouped
from daemon.osc_frames import Frames
from daemon.osc_in import listen
from daemon.osc_packet import pack_string, parse
from daemon.osc_table import BY_ADDRESS, STATE, OutMessage
from daemon.settings import OscSettings
from selector import vocabulary

ANSWER_S = 1.5
BEAT_S = 0.25
SEQUENCE: tuple[tuple[str, float], ...] = (
    ("/aivj/heartbeat", 1),
    ("/aivj/tempo", 120.0),
    *(("/aivj/level/energy", level) for level in (0.0, 0.5, 1.0, 0.0)),
    *(("/aivj/beat", count) for count in (1, 2, 3, 4)),
)
"""What every desk gets; the beats come four a second."""


class Finding(NamedTuple):
    """One line: what was found, whether that is good (None: nobody can tell), what to do if not."""

    good: bool | None
    what: str
    fix: str = ""


def examine(settings: OscSettings, seconds: float) -> Iterator[Finding]:
    """Try everything out; findings as they come.

    Args:
        settings: of OSC.
        seconds: how long to listen for what desks send, where no daemon runs.
    """
    try:
        desks = Desks(settings)
    except AivjdError as error:
        yield Finding(False, error.what, f"{error.fix} ({error.where})")
        return
    yield from _addresses(settings, desks)
    for desk in desks.receivers:
        yield from _send_to(desk)
    if not settings.in_port:
        yield Finding(
            None, "no OSC is received (osc.in_port = 0)", "set osc.in_port if a desk is to control us"
        )
        return
    answer = _Asker(settings, desks)
    with contextlib.closing(answer):
        first = answer.state()
        if first is None:
            yield Finding(None, f"no daemon answers on port {settings.in_port}; listening in its place")
            yield from _listen(settings, seconds)
            return
        yield from _running(answer, first)
    if settings.tcp_port:
        yield _by_tcp(settings, answer)


def _addresses(settings: OscSettings, desks: Desks) -> Iterator[Finding]:
    ports = [f"UDP {settings.in_host}:{settings.in_port}"] if settings.in_port else []
    ports += [f"TCP {settings.in_host}:{settings.tcp_port}"] if settings.tcp_port else []
    yield Finding(True, f"receives on {', '.join(ports) or 'nothing'}; sends to {len(desks.receivers)} desks")
    for desk in desks.all:
        there = [str(n) for n in desk.networks] + ([desk.target[1][0]] if desk.target else [])
        abroad = [text for text in there if not ipaddress.ip_network(text, strict=False).is_loopback]
        if not abroad or not settings.in_port:
            continue
        if ipaddress.ip_address(socket.gethostbyname(settings.in_host)).is_loopback:
            mine = _own_address(abroad[0])
            yield Finding(
                False,
                f"{desk.name} is on another machine and cannot reach us on {settings.in_host}",
                f'set osc.in_host = "{mine}" and have the desk send there',
            )
        else:
            yield Finding(True, f"{desk.name} sends to {_own_address(abroad[0])}:{settings.in_port}")


def _own_address(towards: str) -> str:
    """Our address on the network where `towards` is."""
    host = towards.partition("/")[0]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "0.0.0.0"  # noqa: S104 - a proposal for the configuration, nothing is opened


def _send_to(desk: Desk) -> Iterator[Finding]:
    """The known sequence to one desk."""
    assert desk.target is not None
    family, address = desk.target
    form = Form.of(desk.settings)
    where = f"{desk.name} at {desk.settings.to}"
    with socket.socket(family, socket.SOCK_DGRAM) as out:
        with contextlib.suppress(OSError):
            out.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        try:
            out.connect(address)
            for name, value in SEQUENCE:
                _send(out, form, desk, BY_ADDRESS[name], value)
                time.sleep(BEAT_S if name == "/aivj/beat" else 0.02)
        except ConnectionRefusedError:
            fix = "start it, or correct its port (`to`)"
            yield Finding(False, f"{where}: nothing listens there", fix)
            return
        except OSError as error:
            fix = "check cable, network and address"
            yield Finding(False, f"{where} cannot be reached ({error.strerror})", fix)
            return
    names = list(dict.fromkeys(filter(None, (form.address(name) for name, _ in SEQUENCE))))
    what = f"sent {', '.join(names)}; look there" if names else "none of the sequence is among its addresses"
    yield Finding(None, f"{where}: {what}")


def _send(out: socket.socket, form: Form, desk: Desk, message: OutMessage, value: float) -> None:
    for packet in grouped(form.packets(message, value), desk.settings.form):
        out.send(packet)


class _Asker:
    """Asks a running daemon, from a port of its own."""

    def __init__(self, settings: OscSettings, desks: Desks) -> None:
        here = socket.getaddrinfo(settings.in_host, settings.in_port, type=socket.SOCK_DGRAM)[0]
        host, port = here[4][0], int(here[4][1])
        if ipaddress.ip_address(host).is_unspecified:
            host = "::1" if here[0] == socket.AF_INET6 else "127.0.0.1"
        self.host = str(host)
        # From here we count as that desk, if one is on this machine.
        self.prefix = desks.of(self.host, "").settings.prefix
        self.milliseconds = 0.0
        self._socket = socket.socket(here[0], socket.SOCK_DGRAM)
        self._socket.connect((host, port))

    def close(self) -> None:
        self._socket.close()

    def say(self, verb: str, arg: int | None = None) -> None:
        """A command."""
        self._socket.send(packed(f"{self.prefix}/{verb}", arg))

    def state(self) -> dict[str, Any] | None:
        """The whole state by verb; None when nobody answers."""
        begun = time.monotonic()
        found: dict[str, Any] = {}
        try:
            self.say("query")
            while left := max(0.0, begun + ANSWER_S - time.monotonic()):
                self._socket.settimeout(left if not found else min(left, 0.1))
                found |= states_in(self._socket.recv(4096), self.prefix)
                self.milliseconds = (time.monotonic() - begun) * 1000
        except (TimeoutError, ConnectionRefusedError):
            pass
        return found or None

    def until(self, true: Callable[[dict[str, Any]], bool]) -> float | None:
        """Milliseconds until a condition on the state holds; None if it never does."""
        begun = time.monotonic()
        while time.monotonic() - begun < 2 * ANSWER_S:
            if (state := self.state()) is not None and true(state):
                return (time.monotonic() - begun) * 1000
            time.sleep(0.25)
        return None


def packed(address: str, arg: int | None = None) -> bytes:
    """A message with a whole number, or with nothing."""
    if arg is None:
        return pack_string(address) + pack_string(",")
    return pack_string(address) + pack_string(",i") + struct.pack(">i", arg)


def states_in(packet: bytes, prefix: str) -> dict[str, Any]:
    """Values of the state echoes in a packet, by verb."""
    try:
        messages = parse(packet)
    except ProtocolError:
        return {}
    begin = prefix + STATE.removeprefix("/aivj")
    return {
        message.address.removeprefix(begin): message.args[0]
        for message in messages
        if message.address.startswith(begin) and message.args
    }


def _running(asker: _Asker, first: dict[str, Any]) -> Iterator[Finding]:
    """Ask a daemon that runs."""
    wanted = {address.removeprefix(STATE) for address in BY_ADDRESS if address.startswith(STATE)}
    missing = sorted(wanted - first.keys())
    told = f"the daemon answered /query with {len(wanted) - len(missing)} of {len(wanted)} states"
    yield Finding(not missing, f"{told} in {asker.milliseconds:.0f} ms", f"missing: {', '.join(missing)}")
    before = bool(first.get("hold"))
    asker.say("hold", int(not before))
    there = asker.until(lambda state: bool(state.get("hold")) is not before)
    asker.say("hold", int(before))
    back = asker.until(lambda state: bool(state.get("hold")) is before)
    if there is None or back is None:
        fix = "see the daemon's log; while it replays a session it takes no commands"
        yield Finding(False, "hold was switched over, but the state did not follow", fix)
    else:
        yield Finding(True, "hold was switched over and back, and the state followed")


def _by_tcp(settings: OscSettings, asker: _Asker) -> Finding:
    frames = Frames()
    found: dict[str, Any] = {}
    try:
        with socket.create_connection((asker.host, settings.tcp_port), ANSWER_S) as connection:
            connection.settimeout(ANSWER_S)
            connection.sendall(frames.frame(packed(f"{asker.prefix}/query")))
            while "hold" not in found:
                data = connection.recv(4096)
                if not data:
                    break
                for packet in frames.feed(data):
                    found |= states_in(packet, asker.prefix)
    except (OSError, ProtocolError) as error:
        return Finding(
            False, f"TCP port {settings.tcp_port} does not answer ({error})", "see the daemon's log"
        )
    return Finding("hold" in found, f"TCP port {settings.tcp_port} answered", "see the daemon's log")


def _listen(settings: OscSettings, seconds: float) -> Iterator[Finding]:
    """Read what desks send as the daemon would, without doing it."""
    heard: list[Finding] = []
    metrics = Metrics()

    def command(verb: str, arg: vocabulary.Arg, origin: str) -> None:
        said = f"{verb} {arg}" if arg is not None else verb
        heard.append(Finding(True, f"{origin.removeprefix('osc:')} says: {said}"))

    async def wait() -> None:
        receiver = await listen(settings, command, dict, metrics)
        await asyncio.sleep(seconds)
        receiver.close()

    try:
        asyncio.run(wait())
    except AivjdError as error:
        yield Finding(False, error.what, error.fix or "")
        return
    yield from heard[:50]
    refused = metrics.counter("aivjd_osc_refused_total", "OSC that was not used.", ["reason"])
    for (reason,), count in refused.samples():
        yield Finding(False, f"{count:.0f} messages were not used: {reason}", "the lines above say why")
    if not heard and not refused.samples():
        yield Finding(None, f"no desk sent anything in {seconds:g} s", "move a fader while this listens")
