"""The view *code*: versions of a preset lie together; numbers that only look like vectors are told apart."""

from __future__ import annotations

import json

import numpy as np
import pytest
from embedded_presets import IDEAS, VERSIONS, library

from daemon.cli import main
from models.embed.code import DIMENSION, CodeView
from models.embed.evaluate import nulls, relatives, retrieval, stems
from models.embed.honesty import examine
from models.embed.make import make_code_view, similar
from models.embed.store import load
from models.embed.vectors import Vectors, whole
from models.errors import EmbeddingError, GateError, PresetError
from models.features.corpus import open_corpus
from models.features.program import Program

FEW = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return library(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module")
def corpus(folder):
    return open_corpus(folder)


@pytest.fixture(scope="module")
def vectors(corpus):
    return CodeView(corpus.programs).embed(corpus.programs)


def pseudo(corpus, vectors) -> Vectors:
    """As met in the field: frac(1000 sin(1000 rating + 100 warp + 100 decay + 0.1 i))."""
    rows = []
    for _, program in corpus.programs():
        start = 3000.0 + 100.0 * program.values["warp"] + 100.0 * program.values["decay"]
        wave = 1000.0 * np.sin(start + 0.1 * np.arange(512))
        rows.append(wave - np.floor(wave))
    return Vectors(list(corpus.files), whole(np.array(rows)))


def test_each_content_once_under_all_its_names(corpus):
    assert len(corpus.files) == IDEAS * VERSIONS
    assert [path.name for path, _ in corpus.refused] == ["broken.milk"]
    assert sorted(map(len, corpus.names.values())) == [1] * (IDEAS * VERSIONS - 1) + [2]
    assert list(corpus.files) == sorted(corpus.files)


def test_versions_are_found_and_nulls_find_nothing(corpus, vectors):
    titles = stems(corpus.names)
    assert vectors.rows.shape == (IDEAS * VERSIONS, DIMENSION)
    found = retrieval(vectors, titles, FEW)
    assert found.queries == IDEAS * VERSIONS
    assert found.mrr.low > 0.9
    for null in nulls(vectors).values():
        assert retrieval(null, titles, FEW).mrr.high < 0.3


def test_a_view_that_finds_all_alike_finds_nothing(corpus, vectors):
    alike = Vectors(vectors.ids, whole(np.ones((len(vectors), 4))))
    assert retrieval(alike, stems(corpus.names), FEW).mrr.high < 0.05


def test_honest_vectors_are_told_from_pseudo_vectors(corpus, vectors):
    pairs = relatives(stems(corpus.names))
    assert examine(vectors, pairs, replicates=FEW).faults == ()
    random, shuffled = nulls(vectors).values()
    constant = Vectors(vectors.ids, whole(np.ones((len(vectors), 4))))
    for made_up in (random, shuffled, constant, pseudo(corpus, vectors)):
        assert examine(made_up, pairs, replicates=FEW).faults


def test_the_same_presets_give_the_same_bytes_in_any_order(corpus, vectors):
    backwards = list(corpus.programs())[::-1]
    again = CodeView(lambda: backwards).embed(lambda: backwards)
    assert again.ids == vectors.ids
    assert again.rows.tobytes() == vectors.rows.tobytes()


def test_comments_and_layout_change_nothing(corpus):
    view = CodeView(corpus.programs)
    plain = Program(code={"frame": "idea3_1=bass1*4.5+q4;"})
    dressed = Program(code={"frame": "idea3_1 =\n bass1*4.5 /* loud */ + Q4; // more"})
    assert np.array_equal(view.vector(plain), view.vector(dressed))
    assert view.vector(plain).any()
    assert not view.vector(Program(code={"frame": "nobody=1234;"})).any()


def test_commands(folder, tmp_path, capsys):
    out = tmp_path / "embedding"
    assert main(["models", "embed", str(folder), "--out", str(out), "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert (about["view"], about["count"], about["dimension"]) == ("code", IDEAS * VERSIONS, DIMENSION)
    assert len(about["weights_sha256"]) == len(about["corpus_sha256"]) == 64
    assert {"titles", "nearness", "random", "shuffled"} == set(about["measured"])

    assert main(["models", "similar", str(out), "silver bbbb river (night mix)", "-k", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["name"] for row in found["nearest"]} == {
        "Author1 - silver bbbb river",
        "Author1 - silver bbbb river 2 remix",
    }
    assert main(["models", "similar", str(out), found["id"][:10]]) == 0
    assert "silver bbbb" in capsys.readouterr().out
    assert main(["models", "similar", str(out), "silver"]) == 2
    assert "72 presets are meant" in capsys.readouterr().err

    before = {path.name: path.read_bytes() for path in out.iterdir()}
    make_code_view(folder, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_an_embedding_that_was_changed_is_refused(folder, tmp_path):
    make_code_view(folder, tmp_path, FEW)
    ids = tmp_path / "ids.txt"
    ids.write_text(ids.read_text(encoding="utf-8").replace("a", "b", 1), encoding="utf-8")
    with pytest.raises(EmbeddingError, match="not those"):
        load(tmp_path)
    (tmp_path / "embedding.json").unlink()
    with pytest.raises(EmbeddingError):
        similar(tmp_path, "silver", 3)


def test_presets_that_nothing_can_be_said_of_are_refused(tmp_path):
    with pytest.raises(PresetError):
        open_corpus(tmp_path)
    for at in range(3):
        (tmp_path / f"{at} - lonely title {at}.milk").write_text(f"[preset00]\nzoom={at}\n", encoding="utf-8")
    with pytest.raises(GateError, match="too few"):
        make_code_view(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
