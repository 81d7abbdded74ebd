"""The engine: (config, catalogue, seed, samples, inputs) -> events. Nothing else goes in or out.

`run`, `replay`, `verify` and `bench` all drive this one class. It owns no clock, file or socket:
samples arrive through `feed`, everything else through `accept`, and each hop gives one `Hop`.
An input takes effect before the hop that starts at its `sample`, whatever the block size.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np

from daemon.config import Config
from daemon.hearing import analyzer_of
from dsp.clock import ClockReading
from dsp.events import DspEvent, Onset
from dsp.snapshot import ExpressiveAudioSnapshot
from selector.catalog import Catalog
from selector.events import Ack, Activate, OutcomeLogged, PickLogged, Report, ResumeState, SelectorEvent
from selector.memory import Memory
from selector.selector import Selector
from selector.vocabulary import Command, parse

T = TypeVar("T", bound=msgspec.Struct)


class Hop(NamedTuple):
    """All that one hop brought.

    `position` is the number of samples consumed; `applied` are the inputs that took effect before
    it, as they belong into `inputs.jsonl`.
    """

    position: int
    snapshot: ExpressiveAudioSnapshot
    heard: tuple[DspEvent, ...]
    decided: tuple[SelectorEvent, ...]
    applied: tuple[dict[str, Any], ...]


class Engine:
    """Hears and decides.

    Args:
        config: resolved configuration; only `dsp` and `selector` matter here.
        catalog: what can be picked.
        seed: of every draw.
        rate: sample rate in Hz, fixed for the session.
        resume: state of an engine that this one continues.
        memory: what earlier sessions left, where there is nothing to resume.

    Attributes:
        catalogue_of: gives `accept` the catalogue of a sha256 (hex) that an input of type `packs` names.
    """

    def __init__(
        self,
        config: Config,
        catalog: Catalog,
        *,
        seed: int,
        rate: int,
        resume: ResumeState | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.analyzer = analyzer_of(config.dsp, rate)
        self.selector = Selector(
            config.selector,
            catalog,
            seed=seed,
            rate=rate,
            config_sha=config.decision_sha256(),
            resume=resume,
            memory=memory,
        )
        self.rate = rate
        self.hop = self.analyzer.hop
        self.catalogue_of: Callable[[str], Catalog] = _unknown
        self._inputs: deque[tuple[dict[str, Any], Catalog | None]] = deque()
        self._rest = np.empty((0, 2), dtype=np.int32)

    @property
    def position(self) -> int:
        """Samples consumed: where the next hop starts."""
        return self.analyzer.position

    def accept(self, record: dict[str, Any]) -> None:
        """Take an input; it waits until its `sample` is reached.

        Raises:
            LookupError, SessionError: `catalogue_of` knows no such catalogue.
        """
        catalog = self.catalogue_of(record["sha256"]) if record["type"] == "packs" else None
        self._inputs.append((record, catalog))

    def feed(self, block: np.ndarray) -> Iterator[Hop]:
        """Consume a block (int32[n, 2], 24-bit integers) of any length; one `Hop` for each whole hop."""
        samples = np.concatenate((self._rest, block)) if len(self._rest) else block
        whole = len(samples) - len(samples) % self.hop
        self._rest = np.array(samples[whole:], dtype=np.int32)
        for start in range(0, whole, self.hop):
            yield self._step(samples[start : start + self.hop])

    def _step(self, samples: np.ndarray) -> Hop:
        decided: list[SelectorEvent] = []
        applied: list[dict[str, Any]] = []
        while self._inputs and self._inputs[0][0]["sample"] <= self.position:
            record, catalog = self._inputs.popleft()
            decided += self._apply(record) if catalog is None else self._restock(catalog)
            applied.append(record)
        heard = self.analyzer.step(samples)
        decided += self.selector.step(heard.snapshot, heard.events)
        return Hop(self.position, heard.snapshot, heard.events, tuple(decided), tuple(applied))

    def _apply(self, record: dict[str, Any]) -> Sequence[SelectorEvent]:
        sample = self.position
        match record["type"]:
            case "command":
                arg = record.get("arg")
                command = parse(record["verb"], () if arg is None else (arg,))
                origin = str(record.get("origin", ""))
                return self._command(command, sample, origin) if isinstance(command, Command) else ()
            case "ack":
                return self.selector.ack(_pick_fields(Ack, record), sample)
            case "report":
                return self.selector.report(_pick_fields(Report, record), sample)
            case "clock":
                self.analyzer.clock(_pick_fields(ClockReading, record))
            case "device":
                self.analyzer.device_state(record["state"])
        return ()

    def _restock(self, catalog: Catalog) -> Sequence[SelectorEvent]:
        return self.selector.restock(catalog, self.position)

    def _command(self, command: Command, sample: int, origin: str) -> Sequence[SelectorEvent]:
        match command.verb:
            case "tap":
                self.analyzer.tap()
            case "downbeat":
                self.analyzer.tap_downbeat()
            case "nudge":
                self.analyzer.nudge(float(command.arg or 0.0))
            case "half":
                self.analyzer.half()
            case "double":
                self.analyzer.double()
            case "sensitivity":
                self.analyzer.set_sensitivity(float(command.arg or 0.0))
        return self.selector.command(command, sample, origin)


def _unknown(sha256: str) -> Catalog:
    raise LookupError(f"no catalogue {sha256[:16]} is known")


@cache
def _names(kind: type[msgspec.Struct]) -> frozenset[str]:
    """Names of its fields as they are written; found by evaluating annotations, so once only."""
    return frozenset(field.encode_name for field in msgspec.structs.fields(kind))


def _pick_fields(kind: type[T], record: dict[str, Any]) -> T:
    names = _names(kind)
    return msgspec.convert({key: value for key, value in record.items() if key in names}, kind)


def log_records(hop: Hop) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a hop adds to the logs, as (`picks` or `events`, record), in order.

    Onsets stay out: at several a second they can be had again from the audio at any time.
    """
    for event in hop.heard:
        if not isinstance(event, Onset):
            yield "events", msgspec.to_builtins(event)
    for decision in hop.decided:
        if isinstance(decision, (PickLogged, OutcomeLogged)):
            yield "picks", decision.record
        elif isinstance(decision, Activate):
            yield "events", msgspec.to_builtins(decision)
