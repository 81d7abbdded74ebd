"""One client as a pure state machine: what it may say, what waits for it. No sockets, no clock."""

from __future__ import annotations

import hmac
from collections import deque
from typing import NamedTuple

from daemon.errors import ProtocolError
from daemon.protocol import (
    Ack,
    ClientMessage,
    CommandMessage,
    Hello,
    Report,
    decode,
    numbered,
)
from daemon.rate import TokenBucket

HELLO_TIMEOUT_S = 5.0
MESSAGES_PER_SECOND = 60
QUEUE_DEPTH = 256
SKIP_BUFFERED = 64 * 1024  # beyond this, latest-wins frames stay behind
ABORT_BUFFERED = 1024 * 1024  # beyond this, the client is gone for us

POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013


class ViolationError(ProtocolError):
    """The connection must be closed with `code`; the sentence is the close reason."""

    code = POLICY_VIOLATION


class Inbox:
    """Judges what a client sends: hello first, then what its role allows, 60 messages a second.

    Args:
        token: what `hello` must carry; empty when the request already showed it or none is needed.
    """

    def __init__(self, *, token: str = "") -> None:
        self._token = token
        self._bucket = TokenBucket(MESSAGES_PER_SECOND, MESSAGES_PER_SECOND)
        self.hello: Hello | None = None

    def receive(self, frame: str | bytes, now: float) -> ClientMessage:
        """Judge one frame that came at `now` (monotonic seconds).

        Raises:
            ViolationError: close the connection.
            ProtocolError: answer with an `error` message; nothing changed.
        """
        if not self._bucket.allow(now):
            raise ViolationError(f"more than {MESSAGES_PER_SECOND} messages a second", fix="send less often")
        message = decode(frame)
        if isinstance(message, Hello):
            self._greet(message)
        elif self.hello is None:
            raise ProtocolError("a message came before hello", fix="send hello first")
        elif isinstance(message, Ack | Report) and self.hello.role != "stage":
            raise ProtocolError(
                f"role '{self.hello.role}' may not send ack and report",
                where="key 'type'",
                fix="connect as stage",
            )
        elif isinstance(message, CommandMessage) and self.hello.role == "stage":
            raise ProtocolError(
                "role 'stage' may not send commands", where="key 'type'", fix="connect as control"
            )
        return message

    def _greet(self, hello: Hello) -> None:
        if self.hello is not None:
            raise ProtocolError("hello came twice", fix="open another connection to change the role")
        if self._token and not same_secret(hello.token, self._token):
            raise ViolationError(
                "the token is missing or wrong", where="key 'token'", fix="use the daemon's token"
            )
        self.hello = hello


class Frame(NamedTuple):
    """What goes out in one websocket frame."""

    data: bytes
    text: bool


class Outbox:
    """What waits for one client: an ordered, numbered, bounded queue and two latest-wins slots.

    `skipped_snapshots` and `skipped_audio` count frames that a newer one replaced unsent.
    """

    def __init__(self) -> None:
        self._queue: deque[bytes] = deque()
        self._snapshot: bytes | None = None
        self._audio: bytes | None = None
        self._n = 0
        self._period = 0.0
        self._next_snapshot = float("-inf")
        self._wants_snapshots = False
        self._wants_audio = False
        self.skipped_snapshots = 0
        self.skipped_audio = 0

    def subscribe(self, *, snapshot_hz: float, audio: bool) -> None:
        """Set what `hello` asked for; `snapshot_hz` of 0 means none."""
        self._wants_snapshots = snapshot_hz > 0
        self._period = 1.0 / snapshot_hz if snapshot_hz > 0 else 0.0
        self._wants_audio = audio

    def push(self, body: bytes) -> bool:
        """Queue an ordered message (an encoded JSON object); False when the queue is full."""
        if len(self._queue) >= QUEUE_DEPTH:
            return False
        self._queue.append(body)
        return True

    def offer_snapshot(self, body: bytes, now: float) -> bool:
        """Put a snapshot in the slot if this client's rate asks for one at `now` (seconds)."""
        if not self._wants_snapshots or now < self._next_snapshot:
            return False
        # Keep to the grid while on time, so the mean rate is the one asked for; start anew after a gap.
        self._next_snapshot = max(self._next_snapshot, now - self._period) + self._period
        self.skipped_snapshots += self._snapshot is not None
        self._snapshot = body
        return True

    def offer_audio(self, frame: bytes) -> bool:
        """Put an audio frame in the slot if this client wants audio."""
        if not self._wants_audio:
            return False
        self.skipped_audio += self._audio is not None
        self._audio = frame
        return True

    def take(self, buffered: int) -> Frame | None:
        """The next frame to write, ordered messages first.

        Args:
            buffered: bytes already waiting in the transport.
        """
        if self._queue:
            self._n += 1
            return Frame(numbered(self._queue.popleft(), self._n), text=True)
        if buffered >= SKIP_BUFFERED:
            return None
        if self._snapshot is not None:
            body, self._snapshot = self._snapshot, None
            return Frame(body, text=True)
        if self._audio is not None:
            frame, self._audio = self._audio, None
            return Frame(frame, text=False)
        return None

    def __len__(self) -> int:
        return len(self._queue)


def same_secret(given: str, expected: str) -> bool:
    """Compare without telling by the time it takes how much was right."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode("utf-8"))
