"""A recorded session played again in real time: main's side.

The engine hears the recorded samples and inputs, browsers and desks get what it says. Each pick is compared
with the recorded one on the way, so at the end it is known whether the night was shown as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from daemon.config import Config
from daemon.errors import SessionError
from daemon.replay import ENGINE_FAULTS
from daemon.session import Header, SessionReader
from selector.canonical import canonical
from selector.catalog import Catalog


class Playback:
    """One session to be shown again.

    Args:
        folder: of the session.
        waits: begin only when a stage is connected.

    Attributes:
        header: of the session, with the addresses of today's configuration (`with_addresses`).
        shown: picks and outcomes that came so far.
        differs: where the first one differs from the recorded one, as a sentence; empty so far if none does.
        broken: why it cannot go on; empty while it can.

    Raises:
        SessionError: there is no session that can be played.
    """

    def __init__(self, folder: Path, *, waits: bool = False) -> None:
        self.waits = waits
        self.folder = folder.absolute()
        self._reader = SessionReader(self.folder)
        self.header: Header = msgspec.structs.replace(self._reader.header, closed=None)
        self._recorded: Iterator[dict[str, Any]] = self._reader.checked("picks")
        self.shown = 0
        self.differs = ""
        self.broken = ""

    def broke(self, why: str) -> None:
        """It cannot go on."""
        self.broken = self.differs = why

    def with_addresses(self, today: Config, port: int | None = None) -> Config:
        """What was recorded hears and decides; today's configuration says where browsers and desks are.

        Args:
            today: the present configuration.
            port: of the web pages, instead of the configured one.

        Raises:
            SessionError: the recorded configuration cannot be used.
        """
        try:
            then = msgspec.convert(self.header.config, Config)
        except msgspec.ValidationError as error:
            raise SessionError(
                f"its configuration cannot be used ({error})",
                where=str(self.folder / "session.json"),
                fix="see `aivjd verify`",
            ) from error
        data = msgspec.to_builtins(today)
        data["dsp"], data["selector"] = msgspec.to_builtins(then.dsp), msgspec.to_builtins(then.selector)
        data["input"].update(name=f"file:{self.folder / 'audio.flac'}", loop=False)
        data["record"].update(enabled=False, flight_min=0)
        data["server"].update({} if port is None else {"port": port})
        self.header.config = data
        return msgspec.convert(data, Config)

    def catalog(self) -> Catalog:
        """What could be picked.

        Raises:
            SessionError: it cannot be used.
        """
        try:
            return Catalog.from_json(canonical(self.header.catalog))
        except ENGINE_FAULTS as error:
            raise SessionError(
                f"its catalogue cannot be used ({error})",
                where=str(self.folder / "session.json"),
                fix="see `aivjd verify`",
            ) from error

    def heard(self, message: dict[str, Any]) -> None:
        """Compare the picks in a message of the engine with the recorded ones."""
        for log, record in message.get("logs", ()):
            if log != "picks" or self.differs:
                continue
            try:
                recorded = next(self._recorded, None)
            except SessionError as error:
                self.differs = str(error)
                return
            self.shown += 1
            if recorded is None or recorded["hash"] != record["hash"]:
                what = "nothing" if recorded is None else f"{recorded['type']} {recorded['seq']}"
                self.differs = (
                    f"record {self.shown} of picks.jsonl was {what}, "
                    f"now it is {record['type']} {record['seq']}; see `aivjd verify`"
                )

    def missing(self) -> int:
        """Recorded picks and outcomes that have not come."""
        return sum(1 for _ in self._recorded)
