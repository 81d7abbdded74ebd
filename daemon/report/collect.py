"""What the logs of a session say, as rows for the page: one pass over each, kept only as packed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from daemon.errors import SessionError
from daemon.report.columns import Beats, Deflated
from daemon.report.pick_rows import clipped, pick_rows
from daemon.report.statistics import Statistics
from daemon.session import SessionReader

REPORTS_S: Final = 2.0
"""Reports of browsers are put together over so many seconds."""


class Collected:
    """The logs, read.

    Attributes:
        rows: JSON lines: picks `p`, sections `s`, states `a`, commands `c`, device `d`, overflows `o`,
            restarts `r`, frame rates `f`.
        beats: their columns; seconds count from `first`.
        statistics: not finished.
        first, end: seconds of the show.

    Raises:
        SessionError: a log was changed, or holds what no session holds.
    """

    def __init__(self, reader: SessionReader) -> None:
        self._reader = reader
        self._rate = reader.header.rate
        self.first = reader.first / self._rate
        self.end = self.first + (reader.closed.samples / self._rate if reader.closed else 0.0)
        self.rows, self.beats = Deflated(), Beats()
        self.statistics = Statistics(reader.header)
        self._inputs()
        self._events()
        for row in pick_rows(reader):
            self._reached(row["t"])
            self.statistics.pick(row)
            self.rows.row("p", **row)

    def _inputs(self) -> None:
        reports: dict[str, list[float]] = {}
        bucket = 0
        for record, second in self._records("inputs"):
            kind = record.get("type")
            if kind == "report":
                if int(second / REPORTS_S) != bucket:
                    self._reports(bucket, reports)
                    bucket = int(second / REPORTS_S)
                for name in ("fps", "luma01", "motion01"):
                    if isinstance(value := record.get(name), int | float):
                        reports.setdefault(name, []).append(float(value))
            elif kind == "command":
                arg = record.get("arg")
                self.rows.row(
                    "c",
                    t=second,
                    verb=_text(record, "verb"),
                    arg="" if arg is None else clipped(str(arg)),
                    origin=_text(record, "origin"),
                )
            elif kind == "device":
                self.rows.row("d", t=second, state=_text(record, "state"), detail=_text(record, "detail"))
            elif kind == "overflow":
                self.rows.row("o", t=second, count=_whole(record, "count"), reports=_whole(record, "reports"))
            elif kind == "restart":
                self.rows.row("r", t=second, cause=_text(record, "cause"))
        self._reports(bucket, reports)

    def _reports(self, bucket: int, reports: dict[str, list[float]]) -> None:
        """The slowest browser counts, and the mean of what was seen."""
        if reports:
            means = {name: round(sum(values) / len(values), 4) for name, values in reports.items()}
            if "fps" in reports:
                means["fps"] = min(reports["fps"])
            self.rows.row("f", t=bucket * REPORTS_S, **means)
        reports.clear()

    def _events(self) -> None:
        section, since = "", self.first
        state: dict[str, Any] | None = None
        state_since = self.first
        for record, second in self._records("events"):
            kind = record.get("type")
            if kind == "beat":
                self.beats.add(second - self.first, record)
            elif kind == "section":
                self.statistics.section(section or _text(record, "previous"), max(second - since, 0.0))
                if not section:
                    self.rows.row("s", t=self.first, s=_text(record, "previous"))
                section, since = _text(record, "section"), second
                self.rows.row("s", t=second, s=section)
            elif kind == "state":
                if state is not None:
                    self.statistics.state(state, max(second - state_since, 0.0))
                state = {
                    "audio": _text(record, "audioState"),
                    "valid": record.get("audioValid") is True,
                    "beat": record.get("beatTrusted") is True,
                    "bar": record.get("barTrusted") is True,
                }
                state_since = second
                self.rows.row("a", t=second, **state)
        if section:
            self.statistics.section(section, max(self.end - since, 0.0))
        if state is not None:
            self.statistics.state(state, max(self.end - state_since, 0.0))

    def _records(self, log: str) -> Iterator[tuple[dict[str, Any], float]]:
        for number, record in enumerate(self._reader.checked(log), 1):
            sample = record.get("sample")
            if type(sample) is not int or not 0 <= sample < 1 << 53:
                raise SessionError(
                    "the record has no sample", where=self._reader.line(log, number), fix="see `aivjd verify`"
                )
            second = round(sample / self._rate, 4)
            if record.get("type") != "beat":  # announced ahead, perhaps of what never came
                self._reached(second)
            yield record, second

    def _reached(self, second: float) -> None:
        self.end = max(self.end, second)


def _whole(record: dict[str, Any], name: str) -> int | None:
    value = record.get(name)
    return value if type(value) is int and 0 <= value < 1 << 53 else None


def _text(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    return clipped(value) if isinstance(value, str) else ""
