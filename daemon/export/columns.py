"""What the exported tables have: columns with types, taken from the records themselves.

A column that a record has and this list has not fails a test, so that nothing is left out unseen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, get_args, get_origin

import msgspec

from daemon.errors import SessionError
from dsp.events import Beat, SectionChange, StateChange, Tempo
from dsp.snapshot import ExpressiveAudioSnapshot
from selector.events import Activate
from selector.weights import EXPLORE, LAW, TASTE

Kind = Literal["int", "real", "flag", "text", "struct", "list"]

_LARGEST: Final = 1 << 63
LARGEST_REAL: Final = 1e9
"""What canonical JSON can hold."""
_KINDS: Final[dict[type, Kind]] = {int: "int", float: "real", bool: "flag", str: "text"}


class Column(msgspec.Struct, frozen=True):
    """A column; `inner` are the fields of a struct, or the one element of a list. All may be empty."""

    name: str
    kind: Kind
    inner: tuple[Column, ...] = ()


def _columns(kind: Kind, *names: str) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name in names)


def _of(struct: type[msgspec.Struct]) -> tuple[Column, ...]:
    """The columns of a record, under the names it has on the wire."""
    found = []
    for field in msgspec.structs.fields(struct):
        kind = str if get_origin(field.type) is Literal else field.type
        kind = next((arm for arm in get_args(kind) if arm is not type(None)), kind)
        found.append(Column(field.encode_name, _KINDS[kind]))
    return tuple(found)


SNAPSHOT: Final = _of(ExpressiveAudioSnapshot)
"""One row a hop, or fewer (`--hz`)."""

FACTORS: Final = Column("factors", "struct", _columns("real", *TASTE, EXPLORE, *LAW))

_RUNNER: Final = Column("element", "struct", (*_columns("text", "id"), *_columns("int", "weight"), FACTORS))

_OUTCOME: Final = Column(
    "element",
    "struct",
    (
        *_columns("text", "outcome"),
        *_columns("int", "sample"),
        *_columns("real", "ms", "lateMs"),
        *_columns("text", "reason", "layer", "client"),
    ),
)

PICKS: Final = (
    *_columns("int", "v", "seq"),
    *_columns("text", "kind", "mode", "requestedMode", "reason", "trigger"),
    *_columns("int", "sample"),
    *_columns("real", "timeSec"),
    *_columns("int", "beatCount", "barCount"),
    *_columns("text", "section"),
    *_columns("real", "intensity01"),
    *_columns("text", "pack"),
    *_columns("int", "pair"),
    *_columns("text", "presetId"),
    *_columns("int", "index"),
    *_columns("text", "fgUrl", "bgUrl"),
    Column("presetIds", "list", _columns("text", "element")),
    *_columns("real", "warp_diff", "cx_diff", "quality01"),
    FACTORS,
    *_columns("int", "weight", "totalWeight"),
    *_columns("real", "probability"),
    *_columns("int", "draw", "candidates"),
    *_columns("int", "prepareSample", "activateSample", "seed"),
    *_columns("text", "config", "catalog"),
    # What became of it, from the outcome records.
    *_columns("flag", "shown"),
    *_columns("int", "activatedSample"),
    *_columns("real", "activatedSec"),
    *_columns("int", "activatedBeat", "activatedBar"),
    Column("outcomes", "list", (_OUTCOME,)),
    Column("runnersUp", "list", (_RUNNER,)),
    Column("snapshot", "struct", SNAPSHOT),
    *_columns("text", "prev", "hash"),
)
"""One row a pick, what became of it folded in."""


def _events() -> tuple[Column, ...]:
    found = {column.name: column for column in (*_columns("text", "type"), *_columns("real", "timeSec"))}
    for struct in (Beat, Tempo, SectionChange, StateChange, Activate):
        found |= {column.name: column for column in _of(struct)}
    return (*found.values(), *_columns("text", "prev", "hash"))


EVENTS: Final = _events()
"""One row an event; what a type has not is empty."""


def fitted(columns: Sequence[Column], row: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The row with every column, each value of its column's type or None.

    Raises:
        SessionError: naming the field that is not what it should be. `where`: file and record.
    """
    return {column.name: _fit(column, row.get(column.name), where) for column in columns}


def _fit(column: Column, value: Any, where: str) -> Any:
    if value is None:
        return None
    match column.kind:
        case "int" if (
            isinstance(value, int) and not isinstance(value, bool) and -_LARGEST <= value < _LARGEST
        ):
            return value
        case "real" if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        case "flag" if isinstance(value, bool):
            return value
        case "text" if isinstance(value, str | int) and not isinstance(value, bool):
            return str(value)  # the id of a runner-up is a number or a name
        case "struct" if isinstance(value, Mapping):
            return fitted(column.inner, value, where)
        case "list" if isinstance(value, list | tuple):
            return [_fit(column.inner[0], item, where) for item in value]
    raise SessionError(
        f"`{column.name}` is not {'a' if column.kind != 'int' else 'an'} {column.kind}",
        where=where,
        fix="read it with the version that wrote it",
    )
