"""Tables as Parquet files: sorted, hashed, replaced in one step; the same rows give the same bytes.

(Of one version of pyarrow, whose name is written into the file.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import TableError
from models.tables.schema import ORIGIN, Schema

if TYPE_CHECKING:
    import pyarrow as pa

Rows = Mapping[str, Sequence[Any]]
"""Columns by name, all of one length."""

_SCHEMA_KEY, _NAME_KEY = b"schemaSha256", b"schemaName"


def write_table(path: Path, schema: Schema, rows: Rows) -> None:
    """Write `rows`, sorted by the schema's key.

    Raises:
        TableError: columns that the schema does not name or that are missing, of different lengths or of the
            wrong kind; two rows of one key; a measured row without its origin.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = [column.name for column in schema.all_columns]
    if set(rows) != set(wanted):
        odd = ", ".join(sorted(set(rows) ^ set(wanted)))
        raise TableError(f"columns missing or unknown to {schema.name}: {odd}", where=str(path))
    kinds = {
        "text": pa.string(),
        "whole": pa.int64(),
        "real": pa.float64(),
        "truth": pa.bool_(),
        "reals": pa.list_(pa.float32()),
    }
    fields = [pa.field(c.name, kinds[c.kind], nullable=False) for c in schema.all_columns]
    named = {_SCHEMA_KEY: schema.sha256.encode(), _NAME_KEY: schema.name.encode()}
    try:
        arrays = [pa.array(list(rows[f.name]), type=f.type) for f in fields]
        table = pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=named))
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise TableError(f"rows do not fit {schema.name} ({error})", where=str(path)) from error
    table = table.sort_by([(column.name, "ascending") for column in schema.key])
    _check(path, schema, table)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.new")
    pq.write_table(table, scratch, compression="zstd", version="2.6")
    scratch.replace(path)


def read_table(path: Path, schema: Schema) -> dict[str, list[Any]]:
    """The columns of a table, in the order of its key.

    Raises:
        TableError: there is no such file, it is no Parquet, or it was written by another schema.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise TableError(f"not a table ({error})", where=str(path), fix="make it again") from error
    found = (table.schema.metadata or {}).get(_SCHEMA_KEY, b"").decode()
    if found != schema.sha256:
        what = f"was written by another schema than {schema.name} ({found[:12] or 'none'})"
        raise TableError(what, where=str(path), fix="make it again with this version")
    _check(path, schema, table)
    return {name: table.column(name).to_pylist() for name in table.column_names}


def one_origin(rows: Rows, where: str) -> dict[str, str]:
    """Renderer, rig and stimulus that all rows share.

    Raises:
        TableError: there are none, or several: measurements of different origin are not comparable.
    """
    origins = sorted(set(zip(*(rows[name] for name in ORIGIN), strict=True)))
    if len(origins) != 1:
        what = f"rows of {len(origins)} origins, where one is needed"
        raise TableError(what, where=where, fix="choose the rows of one renderer, rig and stimulus")
    return dict(zip(ORIGIN, origins[0], strict=True))


def _check(path: Path, schema: Schema, table: pa.Table) -> None:
    for column in schema.all_columns:
        if table.column(column.name).null_count:
            raise TableError("a value is missing", where=f"{path}: {column.name}", fix="leave the row out")
    names = [column.name for column in schema.key] + [name for name in ORIGIN if schema.measured]
    if table.select(names).group_by(names).aggregate([]).num_rows != table.num_rows:
        raise TableError(f"two rows of one {', '.join(names)}", where=str(path), fix="leave one out")
    if schema.measured and any("" in table.column(name).to_pylist() for name in ORIGIN):
        raise TableError("a row does not say where it was measured", where=str(path), fix="measure it again")
