"""The whole state of an engine at a hop boundary, as bytes, and an engine that goes on from them.

What follows is then the same to the byte, so that a session may begin in the middle and a long one can be
verified in pieces. The bytes name no class and run no code: they are a list of values in the order in which a
fresh engine of the same session is walked, then its arrays. They are not trusted: what was edited ends in a
`SessionError`, never a crash, an endless loop or much memory.

::

    MAGIC   layout (sha256 of all names, types and shapes)   length of values (uint32)   values   arrays
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
import numpy as np

from daemon.engine import Engine
from daemon.errors import SessionError
from daemon.session_files import MAX_STATE
from daemon.state_fields import CONSTANT, TYPED, Typed
from dsp.ladder import WORDS

MAGIC = b"AIVJST1\n"
HEAD = len(MAGIC) + 32 + 4
LARGEST = 1 << 62
"""Of any number in a state; the director says "never" with it."""
NONE: frozenset[str] = frozenset()
DAMAGED = "restore the file"


class Field(NamedTuple):
    """One field of one object.

    Attributes:
        owner: the object.
        name: of the field.
        path: of the object, from the engine.
        value: now.
        kind: how it is written; None for an array.
    """

    owner: Any
    name: str
    path: str
    value: Any
    kind: Typed | None


def dump(engine: Engine) -> bytes:
    """The state between two hops, about 0.4 MB, in well under a millisecond.

    Samples that wait to fill a hop, and inputs that wait for their sample, are not part of it.

    Raises:
        SessionError: a beat engine is chosen that keeps its state to itself.
    """
    if engine.analyzer._detected is not None:
        raise SessionError(
            "the beat engine aubio keeps its state to itself, so a session cannot begin in the middle",
            where="dsp.beat_engine",
            fix='set it to "internal", or record each session as a whole',
        )
    layout, values, arrays = hashlib.sha256(), [], []
    for field in _fields(engine):
        layout.update(_described(field))
        if field.kind is None:
            arrays.append(np.ascontiguousarray(field.value, field.value.dtype.newbyteorder("<")).tobytes())
        else:
            values.append(field.kind.out(field.value))
    body = msgspec.msgpack.encode(values)
    return b"".join((MAGIC, layout.digest(), len(body).to_bytes(4, "little"), body, *arrays))


def sha256(state: bytes) -> str:
    """sha256 (hex) of a state, by which headers and logs name it."""
    return hashlib.sha256(state).hexdigest()


def restore(engine: Engine, data: bytes, where: str) -> None:
    """Bring a fresh engine into the state that `dump` gave.

    Args:
        engine: fresh, of the same session; of no use after an error.
        data: not trusted.
        where: their name, for messages.

    Raises:
        SessionError: they are no state of such an engine.
    """
    fields = list(_fields(engine))
    try:
        _take(engine, fields, _values(fields, data, where), data, where)
        fault = _fault(engine) or (
            "" if dump(engine) == data else "it has more than one way of being written"
        )
    except (
        msgspec.DecodeError,
        ValueError,
        TypeError,
        ArithmeticError,
        LookupError,
        RecursionError,
    ) as error:
        raise SessionError(f"damaged state ({error})", where=where, fix=DAMAGED) from error
    if fault:
        raise SessionError(f"impossible state ({fault})", where=where, fix=DAMAGED)


def _fields(engine: Engine) -> Iterator[Field]:
    """Every field that is state, in an order that follows from the code alone; what is shared comes once."""
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("engine", engine)]
    while waiting:
        path, owner = waiting.pop()
        constant, typed = CONSTANT.get(type(owner), NONE), TYPED.get(type(owner), {})
        for name, value in sorted(vars(owner).items()):
            if name in constant:
                continue
            kind = typed.get(name) or PLAIN.get(type(value))
            if kind is not None:
                yield Field(owner, name, path, value, kind)
            elif id(value) in seen:
                continue
            elif isinstance(value, np.ndarray):
                seen.add(id(value))
                yield Field(owner, name, path, value, None)
            elif type(value).__module__.partition(".")[0] in ("dsp", "selector") and hasattr(
                value, "__dict__"
            ):
                seen.add(id(value))
                waiting.append((f"{path}.{name}", value))
            else:
                raise TypeError(
                    f"{path}.{name} is a {type(value).__name__}: name it in `state_fields`, constant or typed"
                )


PLAIN: dict[type, Typed] = {kind: Typed(kind) for kind in (bool, int, float)}


def _described(field: Field) -> bytes:
    value = field.value
    what = f"{value.dtype.str}{value.shape}" if field.kind is None else str(field.kind.type)
    return f"{field.path}.{field.name} {what}\n".encode()


def _values(fields: list[Field], data: bytes, where: str) -> list[Any]:
    """The values, one for each field that is no array, of the right types and finite."""
    if len(data) > MAX_STATE or data[: len(MAGIC)] != MAGIC or len(data) < HEAD:
        raise ValueError("it does not begin as a state does")
    layout = hashlib.sha256(b"".join(_described(field) for field in fields)).digest()
    if data[len(MAGIC) : HEAD - 4] != layout:
        raise SessionError(
            "the state was made by a version that keeps other things in it",
            where=where,
            fix="use the version named in session.json",
        )
    end = HEAD + int.from_bytes(data[HEAD - 4 : HEAD], "little")
    if len(data) != end + sum(field.value.nbytes for field in fields if field.kind is None):
        raise ValueError("it has another length than its parts")
    types = tuple(field.kind.type for field in fields if field.kind is not None)
    values = msgspec.msgpack.decode(data[HEAD:end], type=tuple[types])  # type: ignore[valid-type]
    _check_numbers(msgspec.msgpack.decode(data[HEAD:end]))
    return list(values)


def _check_numbers(plain: Any) -> None:
    if isinstance(plain, dict):
        plain = [*plain.keys(), *plain.values()]
    if isinstance(plain, list):
        for item in plain:
            _check_numbers(item)
    elif isinstance(plain, int | float) and not -LARGEST <= plain <= LARGEST:
        raise ValueError(f"the number {plain} is out of all bounds")


def _take(engine: Engine, fields: list[Field], values: list[Any], data: bytes, where: str) -> None:
    """Put values and arrays where they belong."""
    at = HEAD + int.from_bytes(data[HEAD - 4 : HEAD], "little")
    coming = iter(values)
    for field in fields:
        if field.kind is not None:
            setattr(field.owner, field.name, field.kind.into(field.value, next(coming)))
            continue
        array = field.value
        kept = np.frombuffer(data, array.dtype.newbyteorder("<"), array.size, at).reshape(array.shape)
        if array.dtype.kind == "f" and not np.isfinite(kept).all():
            raise ValueError(f"{field.path}.{field.name} holds what is no number")
        array[...] = kept
        at += array.nbytes


def _fault(engine: Engine) -> str:
    """What would make an engine read beyond an array or go round for ever; empty where nothing would.

    Everything else that a forged state can do is to decide otherwise, and that is what `verify` finds.
    """
    rate, position = engine.rate, engine.position
    keeper = engine.analyzer._beats
    beats: Any = keeper._tracker
    space, grid, belief = beats._space, beats._grid, beats._belief
    lengths = space._rings[:, 1] * space._rings[:, 2]
    possible = {
        "position": position >= 0 and position % engine.hop == 0,
        "hypotheses": bool(((space._head >= 0) & (space._head < lengths)).all())
        and bool((space._mass >= 0).all()),
        "period": all(
            rate / 50 <= period <= 50 * rate for period in (grid.period, belief.steady_period or grid.period)
        ),
        "grid": 0.25 <= grid.octave <= 4.0 and grid.next_beat >= position - 10 * rate,
        "clocks": all(
            rate / 50 <= clock.length <= 50 * rate
            and rate / 50 <= clock.period <= 50 * rate
            and 1 <= clock.metre <= 64
            and clock.factor in (0.5, 1.0, 2.0)
            for clock in keeper._grids()
        ),
        "ladder": 0 <= keeper._ladder.rung < len(keeper._ladder._since) == len(WORDS),
        "taps": all(before < after for before, after in pairwise(keeper._taps._row)),
        "what was heard": all(abs(time - position) <= 10 * rate for time, _ in belief._heard),
        "turns": engine.analyzer._level._turn >= 0 and engine.analyzer._expressive._turn >= 0,
        "history": -1 <= engine.selector._show.history.cursor < len(engine.selector._show.history.items),
    }
    return (
        ", ".join(name for name, holds in possible.items() if not holds) if not all(possible.values()) else ""
    )
