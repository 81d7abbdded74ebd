"""A hundred thousand mutated packets at a running daemon: it answers as quickly, and nothing changes."""

from __future__ import annotations

import random
import socket
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from pythonosc.osc_message import OscMessage
from test_osc_packet import MALFORMED, bundle, message

from daemon.bench.running import RunningDaemon
from daemon.desk_doctor import states_in
from daemon.errors import ProtocolError
from daemon.osc_door import PACKETS_BURST, QUERIES_PER_SECOND
from daemon.osc_packet import parse
from daemon.osc_table import OUT, STATE
from daemon.session import SessionReader
from daemon.verify import verify
from selector.vocabulary import VERBS

pytestmark = pytest.mark.slow

MUTATED = 100_000
BATCH = 125
ANSWER_S = 0.05
STATES = sum(message.address.startswith(STATE) for message in OUT)


def sound(rng: random.Random) -> bytes:
    """A packet that a desk could send."""
    verb = rng.choice(VERBS)
    args = {
        "trigger": [(), (1.0,), (1,)], "bool": [(1,), (0.0,), (True,)], "float": [(0.5,), (12,)],
        "choice": [(c,) for c in verb.choices], "text": [("demo",)], "id": [(3,), ("demo:3",)],
        "optionalId": [(), ("demo:3",)],
    }[verb.arg]  # fmt: skip
    one = message(f"/aivj/{verb.name}", *rng.choice(args))
    return bundle(one, bundle(one), tag=rng.getrandbits(64)) if rng.random() < 0.2 else one


def mutated(rng: random.Random, count: int) -> Iterator[bytes]:
    """Damaged packets, none of which is a command by chance; python-osc agrees on those left out."""
    made = 0
    while made < count:
        packet = bytearray(sound(rng))
        for _ in range(rng.randint(1, 4)):
            match rng.randrange(4):
                case 0:
                    packet[rng.randrange(len(packet))] = rng.randrange(256)
                case 1:
                    del packet[rng.randrange(1, len(packet) + 1) :]
                case 2:
                    packet[rng.randrange(len(packet)) : 0] = rng.randbytes(rng.randint(1, 8))
                case _:
                    packet[rng.randrange(len(packet))] ^= 1 << rng.randrange(8)
            if not packet:
                packet = bytearray(b"\0")
        if not is_command(bytes(packet)):
            made += 1
            yield bytes(packet)


def is_command(packet: bytes) -> bool:
    """Whether a mutation left a packet that is quite right."""
    try:
        found = parse(packet)
    except ProtocolError:
        return False
    if not packet.startswith(b"#bundle"):
        (one,) = found
        other = OscMessage(packet)
        assert other.address == one.address  # what we take for right, another reads the same
    return any(m.address.split("/")[1:2] == ["aivj"] for m in found) or not found


class Desk:
    """Many addresses of this machine, so that no limit for one of them hides a packet from the parser."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.sockets = []
        for number in range(2, 252):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((f"127.0.0.{number}", 0))
            sock.settimeout(5)
            self.sockets.append(sock)
        self.sent = 0

    def send(self, packet: bytes) -> None:
        self.sockets[self.sent % len(self.sockets)].sendto(packet, ("127.0.0.1", self.port))
        self.sent += 1

    def ask(self, number: int) -> tuple[float, dict[str, object]]:
        """Seconds until the first answer to a query, and the whole state."""
        asker = self.sockets[number % len(self.sockets)]
        begun = time.monotonic()
        asker.sendto(message("/aivj/query"), ("127.0.0.1", self.port))
        found = states_in(asker.recv(4096), "/aivj")
        took = time.monotonic() - begun
        while len(found) < STATES:
            found |= states_in(asker.recv(4096), "/aivj")
        del found["clock"]  # who keeps the beat follows the music, whatever is sent
        return took, found

    def close(self) -> None:
        for sock in self.sockets:
            sock.close()


def spread(seconds: list[float]) -> str:
    twentieths = statistics.quantiles(seconds, n=20)
    return (
        f"p50 {twentieths[9] * 1000:.1f}, p95 {twentieths[18] * 1000:.1f}, max {max(seconds) * 1000:.1f} ms"
    )


@pytest.fixture(scope="module")
def show(demo_pack: Path, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("hostile")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "config.toml"
    config.write_text(f'[osc]\nin_port = {port}\nlearnt = ""\n', encoding="utf-8")
    arguments = ["--config", str(config), "--input", "demo", "--pack", str(demo_pack)]
    with RunningDaemon(*arguments, "--record", str(folder / "sessions")) as daemon:
        desk = Desk(port)
        asker, deadline = 200, time.monotonic() + 20
        while desk.ask(asker)[1]["audio"] != "live":  # part of the state, so it must not change later
            assert time.monotonic() < deadline
            asker += 1
            time.sleep(0.5)
        yield desk, daemon
        desk.close()
    (session,) = (folder / "sessions").iterdir()
    reader = SessionReader(session)
    # Only what `test_a_bundle_of_the_future` said has become an input.
    verbs = [r["verb"] for r in reader.records("inputs") if r["type"] == "command"]
    assert verbs in ([], ["hold", "hold"])
    assert verify(reader).identical


def test_mutated_packets_change_nothing_and_slow_nothing(show) -> None:
    desk, daemon = show
    rng = random.Random(20261127)
    _, before = desk.ask(0)
    behind, after = [], []  # an answer behind so many packets, and one when they are read
    packets = mutated(rng, MUTATED)
    corpus = [*MALFORMED.values()]
    assert len(corpus) >= 16
    for packet in corpus:
        desk.send(packet[:60_000])
    assert MUTATED / len(desk.sockets) + BATCH < PACKETS_BURST
    for batch in range(MUTATED // BATCH):
        for _ in range(BATCH):
            desk.send(next(packets))
        # Its answer also says that all of these were read, so that none is lost for want of room.
        took, state = desk.ask(1 + batch % (len(desk.sockets) - 1))
        behind.append(took)
        assert state == before
        if batch % 10 == 0:
            took, state = desk.ask(2 + batch % (len(desk.sockets) - 2))
            after.append(took)
            assert state == before
    assert 1.1 * MUTATED / BATCH / len(desk.sockets) <= QUERIES_PER_SECOND
    refused = {}
    with urlopen(daemon.url.rstrip("/") + "/metrics", timeout=5) as page:
        for line in page.read().decode().splitlines():
            if line.startswith("aivjd_osc_refused_total{"):
                reason = line.split('"')[1]
                refused[reason] = float(line.rsplit(" ", 1)[1])
    print(f"answer behind {BATCH} packets: {spread(behind)}; afterwards: {spread(after)}; {refused}")
    assert "internal" not in refused
    assert "rate" not in refused
    assert sum(refused.values()) >= 0.99 * (MUTATED + len(corpus))
    assert statistics.median(behind) <= ANSWER_S
    assert statistics.quantiles(after, n=20)[18] <= ANSWER_S


def test_a_bundle_of_the_future_delays_nothing(show) -> None:
    desk, _ = show
    in_an_hour = int((time.time() + 2_208_988_800 + 3600) * 2**32)
    _, before = desk.ask(240)
    flipped = 1 - before["hold"]
    desk.send(bundle(message("/aivj/hold", flipped), tag=in_an_hour))
    took, _ = desk.ask(241)
    assert took <= ANSWER_S
    follows(desk, flipped, 242)  # it takes effect now, not in an hour
    desk.send(bundle(message("/aivj/hold", before["hold"]), tag=in_an_hour))
    follows(desk, before["hold"], 100)


def follows(desk: Desk, hold: object, asker: int) -> None:
    deadline = time.monotonic() + 2
    while desk.ask(asker)[1]["hold"] != hold:
        assert time.monotonic() < deadline
        asker += 1
        time.sleep(0.05)
