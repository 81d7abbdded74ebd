"""Exact search: ties by id, the same bytes over threads, batches and order of the rows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.embed.vectors import LENGTH, Vectors, whole
from models.errors import EmbeddingError

RANDOM = np.random.RandomState(1)
ROWS = whole(RANDOM.standard_normal((300, 256)))
IDS = [f"{(at * 7919) % 1000:03d}-{at}" for at in range(300)]
LIBRARY = Vectors(IDS, ROWS)


def naive(ids: list[str], rows: np.ndarray, query: np.ndarray, k: int) -> list[tuple[str, int]]:
    scores = [int(row.astype(object) @ query.astype(object)) for row in rows]
    return sorted(zip(ids, scores, strict=True), key=lambda found: (-found[1], found[0]))[:k]


@given(st.data())
def test_as_a_full_sort_would_find(data):
    n, d = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 5))
    component = st.integers(-2, 2)  # few values, so that there are many ties
    rows = np.array(data.draw(st.lists(st.lists(component, min_size=d, max_size=d), min_size=n, max_size=n)))
    query = np.array(data.draw(st.lists(component, min_size=d, max_size=d)), dtype=np.int16)
    ids = data.draw(st.permutations([f"p{at}" for at in range(n)]))
    k = data.draw(st.integers(0, n + 2))
    found = Vectors(ids, rows.astype(np.int16)).nearest(query, k)
    assert [(near.id, near.score) for near in found] == naive(ids, rows, query, k)


def test_extreme_vectors_do_not_leave_32_bits():
    for size in (1, 2, 256, 4096):
        rows = whole(np.vstack([np.ones(size), -np.ones(size), np.eye(1, size)[0]]))
        found = Vectors(["a", "b", "c"], rows).nearest(rows[0], 3)
        assert [(near.id, near.score) for near in found] == naive(["a", "b", "c"], rows, rows[0], 3)
        assert found[0].cosine == pytest.approx(1.0, abs=0.02)


def test_cosines_survive_rounding():
    real = np.random.RandomState(2).standard_normal((50, 256))
    unit = real / np.linalg.norm(real, axis=1)[:, None]
    library = Vectors([str(at) for at in range(50)], whole(real))
    for at in range(50):
        scores = {near.id: near.cosine for near in library.nearest(library.row(str(at)), 50)}
        assert np.allclose([scores[str(other)] for other in range(50)], unit @ unit[at], atol=5e-4)


def test_threads_batches_and_order_of_rows_change_nothing():
    expected = [LIBRARY.nearest(row, 20) for row in ROWS]
    turn = RANDOM.permutation(len(ROWS))
    turned = Vectors([IDS[at] for at in turn], ROWS[turn])
    assert [turned.nearest(row, 20) for row in ROWS] == expected
    for threads in (2, 5):
        with ThreadPoolExecutor(threads) as pool:
            assert list(pool.map(lambda row: LIBRARY.nearest(row, 20), ROWS)) == expected
    parts = np.array_split(ROWS, 7)
    assert [LIBRARY.nearest(row, 20) for part in parts for row in part] == expected


def test_a_preset_is_not_its_own_neighbour():
    near = LIBRARY.nearest(LIBRARY.row(IDS[0]), 300, but=IDS[0])
    assert len(near) == 299
    assert IDS[0] not in {found.id for found in near}
    assert LIBRARY.nearest(LIBRARY.row(IDS[0]), 1)[0].id == IDS[0]


def test_equal_vectors_come_by_id():
    same = Vectors(["d", "a", "c", "b"], whole(np.ones((4, 3))))
    assert [near.id for near in same.nearest(same.row("a"), 3)] == ["a", "b", "c"]
    assert [near.id for near in same.nearest(same.row("a"), 2, but="b")] == ["a", "c"]


@pytest.mark.parametrize("bad", [np.array([[1.0, np.nan]]), np.ones(3), np.ones((1, 5000))])
def test_what_is_no_vector_is_refused(bad):
    with pytest.raises(EmbeddingError):
        whole(bad)


def test_zero_stays_zero_and_ids_must_be_told_apart():
    assert not whole(np.zeros((2, 3))).any()
    assert np.abs(whole(np.array([[0.0, -5.0]]))).max() == LENGTH
    with pytest.raises(EmbeddingError):
        Vectors(["a", "a"], ROWS[:2])
    with pytest.raises(EmbeddingError):
        LIBRARY.nearest(ROWS[0][:5], 3)
    with pytest.raises(EmbeddingError):
        LIBRARY.row("nobody")
