"""Addresses that desks were seen to send and what they were bound to: learnt once, kept in a file.

What is bound stays bound, also while the desk is away, and what the file holds of verbs that this
version does not know is kept as it is.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from daemon.errors import ProtocolError
from daemon.settings import Numbers
from selector import vocabulary

log = logging.getLogger(__name__)

MAX_BINDINGS = 256  # they are in every state message
MAX_FILE = 1 << 20
TOGGLE = "toggle"
"""Argument of an address that turns a switch over, for pads that send 1 and 0."""


class Binding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An address of a desk, and the verb it moves.

    `arg` is what it always sends (`mode` to `shuffle`); without it the desk's own value counts,
    scaled by `numbers` if that is not the desk's usual way.
    """

    desk: Annotated[str, Meta(max_length=64)]
    address: Annotated[str, Meta(max_length=256)]
    verb: Annotated[str, Meta(max_length=64)]
    arg: Annotated[str, Meta(max_length=vocabulary.TEXT_LIMIT)] = ""
    numbers: Numbers | None = None


class _File(Struct, kw_only=True):
    learnt: Annotated[list[Binding], Meta(max_length=MAX_BINDINGS)]


_decoder = msgspec.json.Decoder(_File)
_NUMBERS: tuple[Numbers, ...] = ("plain", "0..1", "0..100", "0..127", "0..255")


def wanted(text: str, verbs: tuple[str, ...] = ()) -> Binding:
    """What `VERB`, `VERB ARGUMENT` or `VERB RANGE` asks to bind; desk and address are still empty.

    Args:
        text: as the operator said it.
        verbs: that cannot be bound.

    Raises:
        ProtocolError: there is no such verb, or it cannot have this argument.
    """
    name, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    if name not in vocabulary.TABLE or name in verbs:
        known = ", ".join(verb for verb in vocabulary.TABLE if verb not in verbs)
        raise ProtocolError(f"there is no verb {name[:40]!r} to learn", fix=f"use one of {known}")
    if rest in _NUMBERS:
        return Binding(desk="", address="", verb=name, numbers=rest)
    if rest and not (rest == TOGGLE and vocabulary.TABLE[name].arg == "bool"):
        meaning = vocabulary.parse(name, (rest,))
        if isinstance(meaning, vocabulary.CommandError):
            raise ProtocolError(meaning.sentence.rstrip("."))
    return Binding(desk="", address="", verb=name, arg=rest)


class Learnt:
    """All bindings.

    Args:
        path: where they are kept; None keeps them in memory only. A file that cannot be read is
            said in the log and left alone until something new is learnt.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._bindings: dict[tuple[str, str], Binding] = {}
        if path is not None:
            self._read(path)

    def _read(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                found = _decoder.decode(file.read(MAX_FILE))
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("what desks taught us cannot be read: %s (%s); mend or remove it", path, error)
            return
        self._bindings = {(b.desk, b.address): b for b in found.learnt}

    @property
    def all(self) -> list[Binding]:
        """In the order in which they were learnt."""
        return list(self._bindings.values())

    def get(self, desk: str, address: str) -> Binding | None:
        """What this address of this desk moves."""
        binding = self._bindings.get((desk, address))
        return binding if binding is not None and binding.verb in vocabulary.TABLE else None

    def of(self, desk: str, verb: str) -> list[Binding]:
        """Every address of a desk that moves a verb."""
        return [b for b in self._bindings.values() if b.desk == desk and b.verb == verb]

    def bind(self, binding: Binding) -> None:
        """Keep a binding; one of the same address gives way.

        Raises:
            ProtocolError: there are too many.
        """
        key = (binding.desk, binding.address)
        if key not in self._bindings and len(self._bindings) >= MAX_BINDINGS:
            raise ProtocolError(f"{MAX_BINDINGS} addresses are learnt already", fix="forget some")
        self._bindings[key] = binding
        self._write()

    def forget(self, address: str) -> int:
        """Drop what an address is bound to, at whichever desk; gives how many there were."""
        gone = [key for key in self._bindings if key[1] == address]
        for key in gone:
            del self._bindings[key]
        if gone:
            self._write()
        return len(gone)

    def _write(self) -> None:
        if self._path is None:
            return
        data = msgspec.json.format(msgspec.json.encode({"learnt": self.all}), indent=1) + b"\n"
        part = ""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._path.parent, prefix=".osc-", delete=False) as file:
                part = file.name
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(part).replace(self._path)
        except OSError as error:
            log.warning("what desks taught us cannot be kept: %s (%s)", self._path, error)
            with contextlib.suppress(OSError):
                Path(part).unlink()
