"""Tables: the same rows give the same bytes; what is wrong is refused and not misread."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.errors import TableError
from models.tables.parquet import one_origin, read_table, write_table
from models.tables.schema import Column, Schema

LOOKS = Schema(
    "looks",
    key=(Column("preset", "text", "content id"),),
    columns=(
        Column("luma", "real", "mean, 0..1"),
        Column("frames", "whole", "count"),
        Column("fine", "truth", "no fault"),
        Column("vector", "reals", "embedding"),
    ),
    measured=True,
)


def rows(**changed) -> dict:
    made = {
        "preset": ["b", "a"],
        "luma": [0.25, 0.5],
        "frames": [60, 75],
        "fine": [True, False],
        "vector": [[1.0, 2.0], [0.5]],
        "renderer": ["butterchurn 3"] * 2,
        "rig": ["r"] * 2,
        "stimulus": ["music"] * 2,
    }
    return made | changed


def test_round_trip_sorted_by_key(tmp_path):
    write_table(tmp_path / "t.parquet", LOOKS, rows())
    back = read_table(tmp_path / "t.parquet", LOOKS)
    assert back["preset"] == ["a", "b"]
    assert (back["luma"], back["frames"], back["fine"]) == ([0.5, 0.25], [75, 60], [False, True])
    assert back["vector"] == [[0.5], [1.0, 2.0]]
    assert one_origin(back, "t") == {"renderer": "butterchurn 3", "rig": "r", "stimulus": "music"}


def test_order_of_rows_changes_no_byte(tmp_path):
    write_table(tmp_path / "one.parquet", LOOKS, rows())
    turned = {name: list(reversed(column)) for name, column in reversed(rows().items())}
    write_table(tmp_path / "two.parquet", LOOKS, turned)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


@pytest.mark.parametrize(
    "changed",
    [
        {"luma": [0.1]},
        {"luma": [0.1, None]},
        {"luma": ["bright", 0.1]},
        {"preset": ["a", "a"]},
        {"stimulus": ["music", ""]},
        {"extra": [1, 2]},
    ],
)
def test_rows_that_do_not_fit_are_refused_and_nothing_is_left(tmp_path, changed):
    with pytest.raises(TableError):
        write_table(tmp_path / "t.parquet", LOOKS, rows(**changed))
    assert not list(tmp_path.iterdir())


def test_one_preset_may_be_measured_in_two_ways_but_not_used_so(tmp_path):
    both = rows(preset=["a", "a"], stimulus=["music", "silence"])
    write_table(tmp_path / "t.parquet", LOOKS, both)
    with pytest.raises(TableError, match="2 origins"):
        one_origin(read_table(tmp_path / "t.parquet", LOOKS), "t")


def test_a_column_that_means_something_else_is_another_schema(tmp_path):
    write_table(tmp_path / "t.parquet", LOOKS, rows())
    luma, *others = LOOKS.columns
    changed = replace(LOOKS, columns=(replace(luma, meaning="median, 0..1"), *others))
    with pytest.raises(TableError, match="another schema"):
        read_table(tmp_path / "t.parquet", changed)
    (tmp_path / "t.parquet").write_bytes(b"nothing")
    with pytest.raises(TableError, match="not a table"):
        read_table(tmp_path / "t.parquet", LOOKS)


def test_a_schema_has_a_key_and_different_names():
    with pytest.raises(ValueError, match="key"):
        Schema("none", key=(), columns=())
    with pytest.raises(ValueError, match="names"):
        Schema("twice", key=(Column("a", "text", ""),), columns=(Column("a", "real", ""),))
