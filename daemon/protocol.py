"""The websocket's messages: decoding, validation, encoding. No sockets, no clock.

The contract is `docs/wire-protocol.md`. Unknown keys are ignored, so that an older daemon
understands a newer page; a known key with a wrong value is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from daemon.errors import ProtocolError

PROTOCOL = "aivj.v1"
MAX_FRAME_BYTES = 16 * 1024

Role = Literal["stage", "control", "monitor"]
Phase = Literal["prepared", "shown", "failed"]

_Seq = Annotated[int, Meta(ge=0, le=2**53 - 1)]
_Milliseconds = Annotated[float, Meta(ge=0, le=3_600_000)]
_Unit = Annotated[float, Meta(ge=0, le=1)]
_Printable = r"^[^\x00-\x1f\x7f]*$"  # names and reasons reach logs and terminals


class Hello(Struct, frozen=True, kw_only=True, rename="camel", tag="hello"):
    """First message of a client: who it is, where it left off, what it wants to be sent."""

    role: Role
    name: Annotated[str, Meta(max_length=64, pattern=_Printable)] = ""
    last_seq: _Seq = 0
    session: Annotated[str, Meta(max_length=128)] = ""
    snapshot_hz: Annotated[float, Meta(ge=0, le=60)] = 30.0
    audio: bool = False
    token: Annotated[str, Meta(max_length=256)] = ""


class Ping(Struct, frozen=True, kw_only=True, rename="camel", tag="ping"):
    """Asks for the daemon's time; `t` comes back as it came."""

    t: msgspec.Raw = msgspec.Raw(b"null")


class Ack(Struct, frozen=True, kw_only=True, rename="camel", tag="ack"):
    """A stage says what became of a pick."""

    seq: _Seq
    phase: Phase
    ms: _Milliseconds | None = None
    late_ms: _Milliseconds | None = None
    reason: Annotated[str, Meta(max_length=512)] = ""
    layer: Literal["fg", "bg"] | None = None


class Report(Struct, frozen=True, kw_only=True, rename="camel", tag="report"):
    """A stage says how the picture looks."""

    fps: Annotated[float, Meta(ge=0, le=1000)] | None = None
    luma01: _Unit | None = None
    motion01: _Unit | None = None
    dropped: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None


class CommandMessage(Struct, frozen=True, kw_only=True, rename="camel", tag="command"):
    """An operator wants something; the vocabulary says what `verb` and `arg` may be."""

    verb: Annotated[str, Meta(min_length=1, max_length=64, pattern=_Printable)]
    arg: bool | float | int | Annotated[str, Meta(max_length=512)] | None = None
    id: Annotated[str, Meta(max_length=64)] | Annotated[int, Meta(ge=-(2**53), le=2**53)] | None = None


_KINDS = "ack, command, hello, ping, report"
ClientMessage = Hello | Ping | Ack | Report | CommandMessage

_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_encoder = msgspec.json.Encoder()
_at = re.compile(r"^(?P<what>.*?) - at `\$\.?(?P<key>[^`]*)`$", re.DOTALL)
_missing = re.compile(r"missing required field `(?P<key>[^`]*)`")


def decode(frame: str | bytes) -> ClientMessage:
    """Read one frame of a client.

    Args:
        frame: what the websocket delivered; bytes mean a binary frame.

    Raises:
        ProtocolError: it is no JSON object, of no known type, or a key cannot be used.
    """
    if isinstance(frame, bytes):
        raise ProtocolError("a binary frame cannot be used", fix="send one JSON object in a text frame")
    try:
        raw = frame.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ProtocolError("the frame is not valid Unicode", fix="send UTF-8 text") from error
    if len(raw) > MAX_FRAME_BYTES:
        raise ProtocolError(f"the frame has {len(raw)} bytes", fix=f"send at most {MAX_FRAME_BYTES}")
    try:
        message = _decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise _explain(str(error)) from error
    except msgspec.DecodeError as error:
        raise ProtocolError("the frame is not JSON", fix="send one JSON object in a text frame") from error
    except RecursionError as error:
        raise ProtocolError("the frame is nested too deeply", fix="send a flat JSON object") from error
    if isinstance(message, Ack) and message.phase == "failed" and not message.reason:
        raise ProtocolError(
            "is required when phase is 'failed'", where="key 'reason'", fix="say why it failed"
        )
    return message


def _explain(text: str) -> ProtocolError:
    """Turn msgspec's sentence into one that names the key."""
    match = _at.match(text)
    what, key = (match["what"], match["key"]) if match else (text, "")
    if key == "type" or what.endswith("missing required field `type`"):
        return ProtocolError(
            "unknown or missing message type", where="key 'type'", fix=f"use one of {_KINDS}"
        )
    if absent := _missing.search(what):
        return ProtocolError("is required", where=f"key '{absent['key']}'", fix="add it")
    if not key:
        return ProtocolError("the frame is not a JSON object", fix='send {"type": ..., ...}')
    what = what.replace("`", "")
    return ProtocolError(what[:1].lower() + what[1:], where=f"key '{key}'", fix="see docs/wire-protocol.md")


def kind_of(message: ClientMessage) -> str:
    """The `type` of a message."""
    return str(message.__struct_config__.tag)


def encode(message: Mapping[str, Any] | Struct) -> bytes:
    """Encode a server message once, for all clients. NaN and infinities become null."""
    return _encoder.encode(message)


def numbered(body: bytes, n: int) -> bytes:
    """Put the connection's number in front of an encoded JSON object that has at least one key.

    The body is shared by every client, so only this copy differs between them.
    """
    return b'{"n":%d,%b' % (n, body[1:])


def error_body(message: str) -> bytes:
    """An `error` message."""
    return encode({"type": "error", "message": message})


def pong_body(ping: Ping, now_s: float) -> bytes:
    """The answer to a `ping`; `now_s` is the monotonic clock in seconds."""
    return encode({"type": "pong", "t": ping.t, "nowMs": now_s * 1000.0})


def reply_body(command: CommandMessage, *, ok: bool, message: str) -> bytes:
    """The answer to a command that carried an `id`."""
    return encode({"type": "reply", "id": command.id, "ok": ok, "message": message})
