"""Counts why presets were refused, and names an example of each reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_DIGITS = re.compile(r"\d+")


def kind(reason: str) -> str:
    """`reason` without what differs from file to file: names, numbers, places."""
    return _DIGITS.sub("N", _QUOTED.sub("…", reason)).strip()


@dataclass
class Reasons:
    """How often each kind of reason occurred, with the first file and its whole reason."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[str, str]] = field(default_factory=dict)

    def add(self, path: str, reason: str) -> None:
        """Count `reason` for the file `path`."""
        name = kind(reason)
        self.counts[name] += 1
        self.examples.setdefault(name, (path, reason))

    def total(self) -> int:
        """How many were refused."""
        return self.counts.total()

    def markdown(self, title: str, command: str, summary: Iterable[tuple[str, str]]) -> str:
        """A page: a table of `summary` rows and one of the reasons, most frequent first."""
        lines = [f"# {title}", "", f"Written by `{command}`.", ""]
        lines += ["| | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in summary), ""]
        lines += ["| refused | reason | an example |", "|---:|---|---|"]
        for name, count in sorted(self.counts.items(), key=lambda row: (-row[1], row[0])):
            path, reason = self.examples[name]
            lines.append(f"| {count} | {_cell(reason)} | {_cell(path)} |")
        return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
