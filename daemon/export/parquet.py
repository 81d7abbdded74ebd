"""Parquet: typed columns, written in row groups as the rows come. Needs pyarrow (extra `export`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from daemon.errors import MissingError
from daemon.export.columns import Column

GROUP: Final = 16384
"""Rows of a row group: what is held in memory at a time (a minute and a half of hops)."""


def require() -> None:
    """Raises `MissingError` where pyarrow is not installed."""
    if find_spec("pyarrow") is None:
        raise MissingError(
            "Parquet needs pyarrow", fix="install the extra `aivjd[export]`, or ask for --format csv"
        )


def write(
    path: Path,
    columns: Sequence[Column],
    rows: Iterable[Mapping[str, Any]],
    metadata: Mapping[str, Any],
    *,
    group: int = GROUP,
) -> int:
    """Write a table; returns how many rows it has.

    Args:
        path: created or replaced.
        columns: of the table.
        rows: each with a value or None for every column (`columns.fitted`).
        metadata: put into the file's schema as JSON under the key `aivjd`.
        group: rows of a row group.
    """
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([_field(column) for column in columns])
    schema = schema.with_metadata({"aivjd": json.dumps(metadata, ensure_ascii=False, sort_keys=True)})
    count = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        held: list[Mapping[str, Any]] = []
        for row in rows:
            held.append(row)
            if len(held) == group:
                count += _group(writer, schema, held)
                held = []
        if held:
            count += _group(writer, schema, held)
    return count


def _group(writer: Any, schema: Any, rows: list[Mapping[str, Any]]) -> int:
    import pyarrow as pa

    writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))
    return len(rows)


def _field(column: Column) -> Any:
    import pyarrow as pa

    return pa.field(column.name, _type(column))


def _type(column: Column) -> Any:
    import pyarrow as pa

    match column.kind:
        case "struct":
            return pa.struct([_field(inner) for inner in column.inner])
        case "list":
            return pa.list_(_field(column.inner[0]))
    return {"int": pa.int64(), "real": pa.float64(), "flag": pa.bool_(), "text": pa.string()}[column.kind]
