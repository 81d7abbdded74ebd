"""Counters and gauges in the Prometheus text format (version 0.0.4), without a dependency."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_NAME = re.compile(r"^[a-zA-Z_][a-zA-Z0-9_]*$")


class _Family:
    """One metric name with a value for each combination of label values."""

    kind = ""

    def __init__(self, name: str, help_text: str, labels: Sequence[str], lock: threading.Lock) -> None:
        self.name = name
        self.help = help_text
        self.labels = tuple(labels)
        self._values: dict[tuple[str, ...], float] = {} if self.labels else {(): 0.0}
        self._lock = lock

    def _key(self, labels: dict[str, str]) -> tuple[str, ...]:
        if labels.keys() != set(self.labels):
            raise ValueError(f"{self.name} has the labels {self.labels}, not {tuple(labels)}")
        return tuple(str(labels[name]) for name in self.labels)

    def value(self, **labels: str) -> float:
        """The present value; 0 for labels never seen."""
        return self._values.get(self._key(labels), 0.0)

    def samples(self) -> list[tuple[tuple[str, ...], float]]:
        """Label values and value of each series, sorted."""
        with self._lock:
            return sorted(self._values.items())


class Counter(_Family):
    """Only grows."""

    kind = "counter"

    def inc(self, amount: float = 1.0, **labels: str) -> None:
        """Add `amount` >= 0."""
        if amount < 0:
            raise ValueError(f"{self.name} is a counter and cannot go down")
        key = self._key(labels)
        with self._lock:
            self._values[key] = self._values.get(key, 0.0) + amount


class Gauge(_Family):
    """Goes up and down; `follow` reads it from a function when asked."""

    kind = "gauge"

    def __init__(self, name: str, help_text: str, labels: Sequence[str], lock: threading.Lock) -> None:
        super().__init__(name, help_text, labels, lock)
        self._sources: dict[tuple[str, ...], Callable[[], float]] = {}

    def set(self, value: float, **labels: str) -> None:
        """Set the value."""
        key = self._key(labels)
        with self._lock:
            self._values[key] = value

    def follow(self, source: Callable[[], float], **labels: str) -> None:
        """Ask `source` for the value each time the metrics are read."""
        self._sources[self._key(labels)] = source

    def samples(self) -> list[tuple[tuple[str, ...], float]]:
        """Label values and value of each series, sorted."""
        current = {key: float(source()) for key, source in self._sources.items()}
        with self._lock:
            return sorted((self._values | current).items())


F = TypeVar("F", bound=_Family)


class Metrics:
    """All metrics of the process. Asking again for a name gives the same object."""

    def __init__(self) -> None:
        self._families: dict[str, _Family] = {}
        self._lock = threading.Lock()

    def counter(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Counter:
        """A counter; by convention its name ends in `_total`."""
        return self._family(Counter, name, help_text, labels)

    def gauge(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Gauge:
        """A gauge."""
        return self._family(Gauge, name, help_text, labels)

    def _family(self, kind: type[F], name: str, help_text: str, labels: Sequence[str]) -> F:
        known = self._families.get(name)
        if known is not None:
            if type(known) is not kind or known.labels != tuple(labels):
                raise ValueError(f"{name} is already a {known.kind} with the labels {known.labels}")
            return known
        if not all(_NAME.match(text) for text in (name, *labels)):
            raise ValueError(f"{name} {tuple(labels)} is no valid metric name")
        family = kind(name, help_text, labels, self._lock)
        self._families[name] = family
        return family

    def render(self) -> str:
        """The exposition text, families sorted by name."""
        lines: list[str] = []
        for name in sorted(self._families):
            family = self._families[name]
            lines.append(f"# HELP {name} {_escape(family.help)}")
            lines.append(f"# TYPE {name} {family.kind}")
            for key, value in family.samples():
                pairs = ",".join(
                    f'{label}="{_escape(text, quote=True)}"'
                    for label, text in zip(family.labels, key, strict=True)
                )
                lines.append(f"{name}{{{pairs}}} {_number(value)}" if pairs else f"{name} {_number(value)}")
        return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(float(value))


def _escape(text: str, *, quote: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quote else text
