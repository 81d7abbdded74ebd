"""What clients, desks and clocks ask for: done here where it concerns main, passed on otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from daemon.audience import Desk
from daemon.clients import ClientInfo
from daemon.clock_input import Told
from daemon.errors import ProtocolError
from daemon.protocol import Ack, CommandMessage, Report
from selector import vocabulary


class Orders:
    """Takes orders.

    Args:
        to_engine: gets an input that the engine stamps with its sample.
        announce: tells everybody the state.
        save: writes the last minutes as a session.
        replaying: a recorded session is shown, which has its own orders.

    Attributes:
        desk: the door for desks, if there is one.
    """

    def __init__(
        self,
        to_engine: Callable[[dict[str, Any]], None],
        announce: Callable[[], None],
        save: Callable[[], None],
        *,
        replaying: bool,
    ) -> None:
        self.desk: Desk | None = None
        self._to_engine = to_engine
        self._announce = announce
        self._save = save
        self._replaying = replaying

    def command(self, verb: str, arg: object, origin: str) -> None:
        """Take an operator's command.

        Raises:
            ProtocolError: unknown verb or unusable argument.
        """
        parsed = vocabulary.parse(verb, () if arg is None else (arg,))
        if isinstance(parsed, vocabulary.CommandError):
            raise ProtocolError(parsed.sentence.rstrip("."))
        if isinstance(parsed, vocabulary.Released):
            return
        if parsed.verb == "query":
            self._announce()
            return
        if parsed.verb == "save":
            self._save()
            return
        if parsed.verb in ("learn", "forget"):
            if self.desk is None:
                raise ProtocolError("no OSC is received, so there is nothing to learn", fix="set osc.in_port")
            (self.desk.learn if parsed.verb == "learn" else self.desk.forget)(str(parsed.arg))
            return
        if self._replaying:
            raise ProtocolError("a recorded session is being shown; it takes no commands")
        record = {"type": "command", "verb": verb, "origin": origin}
        self._to_engine(record if arg is None else {**record, "arg": arg})

    def clock(self, told: Told) -> None:
        """Take what a clock says; a recorded session has its own."""
        if not self._replaying:
            self._to_engine(told.record())

    def submit(self, message: Ack | Report | CommandMessage, client: ClientInfo) -> None:
        """Take a browser's message; see `command`."""
        who = f"{client.name or client.role}#{client.id}"
        if isinstance(message, CommandMessage):
            self.command(message.verb, message.arg, f"ws:{who}")
            return
        fields = {k: v for k, v in msgspec.to_builtins(message).items() if v is not None}
        self._to_engine({**fields, "client": who})
