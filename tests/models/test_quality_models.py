"""Models of preset quality: they learn what is there, find nothing in noise, and repeat to the byte."""

from __future__ import annotations

import json

import numpy as np
import pytest
from packaged_presets import body, raw

from daemon.cli import main
from models.errors import TableError
from models.features.vector import names
from models.gates.ranks import spearman
from models.packs.butterchurn import parse_preset
from models.quality.boosting import Boosting, Growth
from models.quality.data import Rows, rows_of
from models.quality.evaluate import judge_rows, text_columns
from models.quality.linear import Normal, Ridge
from models.quality.train import train
from models.splits import APART, FOLDS, file_families, fold, lead_author

QUICK = Growth(trees=30, depth=2, rate=0.2, column_share=1.0)
COUNT = 120


def inputs(seed: int, rows: int = 200, columns: int = 6) -> np.ndarray:
    return np.random.RandomState(seed).standard_normal((rows, columns))


def test_boosting_learns_a_step_that_a_line_cannot():
    seen, held = inputs(1), inputs(2)

    def truth(x):
        return np.where(x[:, 2] * x[:, 4] > 0, 1.0, 0.0)

    trees = Boosting(seen, truth(seen), Growth(trees=60, depth=3, rate=0.2, column_share=1.0))
    assert spearman(trees.predict(held), truth(held)) > 0.6
    assert abs(spearman(Ridge(seen, truth(seen)).predict(held), truth(held))) < 0.3


def test_ridge_learns_a_line_whatever_the_scale():
    seen, held = inputs(1), inputs(2)
    wild = Ridge(np.exp(3 * seen), seen[:, 0] - seen[:, 1])
    assert spearman(wild.predict(np.exp(3 * held)), held[:, 0] - held[:, 1]) > 0.95


def test_ridge_solves_its_equations():
    seen = inputs(1, 30, 40)  # fewer rows than inputs
    target = inputs(4, 30, 1)[:, 0]
    scores = Normal(seen)(seen)
    centred = scores - scores.mean(axis=0)
    exact = np.linalg.solve(centred.T @ centred + 30 * np.eye(40), centred.T @ (target - target.mean()))
    assert np.allclose(Ridge(seen, target).predict(seen), target.mean() + centred @ exact, atol=1e-8)


def test_normal_scores_share_ties_and_leave_constants_out():
    scores = Normal(np.array([[1.0, 5.0], [2.0, 5.0], [2.0, 5.0], [9.0, 5.0]]))
    out = scores(np.array([[2.0, 5.0], [2.0, 7.0], [-9.0, 5.0], [99.0, 5.0]]))
    assert out[0, 0] == out[1, 0]
    assert out[2, 0] < out[0, 0] < out[3, 0]
    assert not out[:, 1].any()


def test_boosting_repeats_and_survives_a_file():
    seen, held = inputs(1), inputs(2)
    target = seen[:, 0] ** 2
    one, two = Boosting(seen, target, QUICK), Boosting(seen, target, QUICK)
    again = Boosting.from_json(json.loads(json.dumps(one.to_json())))
    assert one.predict(held).tobytes() == two.predict(held).tobytes() == again.predict(held).tobytes()
    assert Boosting(seen, target, QUICK, seed=2).predict(held).tobytes() != one.predict(held).tobytes()


def test_a_constant_target_or_input_is_answered_with_it():
    model = Boosting(np.ones((50, 2)), np.full(50, 0.25), QUICK)
    assert np.allclose(model.predict(inputs(3, 5, 2)), 0.25)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("Flexi, martin + geiss", "flexi"),
        ("Geiss and Rovastar", "geiss"),
        ("", ""),
        ("Zylot & Amber", "zylot"),
    ],
)
def test_lead_author(field, expected):
    assert lead_author(field) == expected


def test_folds_never_move():
    assert [fold(name) for name in ("geiss", "rovastar", "flexi", "martin")] == [3, 0, 0, 1]
    shares = np.bincount([fold(str(number)) for number in range(1000)], minlength=FOLDS) / 1000
    assert (abs(shares - 1 / FOLDS) < 0.04).all()


def test_a_family_keeps_its_fold_when_it_grows():
    folds, ledger = file_families([["m", "n"], ["x"]], {})
    more, filed = file_families([["a", "m", "n"], ["x", "b"], ["c"]], ledger)
    assert {name: more[name] for name in folds} == folds
    assert more["a"] == folds["m"]
    assert more["b"] == folds["x"]
    assert (filed["a"], filed["c"]) == ("m", "c")
    assert {name: filed[name] for name in ledger} == ledger


def test_families_that_grow_together_from_two_folds_are_held_apart():
    first = "a0"
    second = next(name for name in (f"b{at}" for at in range(99)) if fold(name) != fold(first))
    _, ledger = file_families([[first], [second]], {})
    folds, _ = file_families([[first, second, "c"]], ledger)
    assert set(folds.values()) == {APART}


def rows(knows: bool) -> Rows:
    """Made-up rows in which one feature tells luma, or nothing does."""
    columns = len(names())
    made = np.zeros((COUNT, columns))
    made[:, :8] = inputs(5, COUNT, 8)
    noise = np.random.RandomState(6).standard_normal(COUNT)
    luma = made[:, int(text_columns()[3])] + 0.3 * noise if knows else noise
    return Rows(
        content_ids=tuple(f"{at:064x}" for at in range(COUNT)),
        inputs=made,
        targets={"luma": luma},
        families=np.arange(COUNT) // 2 * 2,
        authors=tuple(f"author{at % 40}" for at in range(COUNT)),
        origin={"renderer": "test", "rig": "test", "stimulus": "test"},
    )


def test_what_knows_something_passes_and_repeats_to_the_byte(tmp_path):
    report = train(rows(knows=True), tmp_path / "one", replicates=40, growth=QUICK)
    assert report["passed"] == ["luma"]
    train(rows(knows=True), tmp_path / "two", replicates=40, growth=QUICK)
    files = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert set(files) == {"report.json", "CARD.md", "families.json", "model.json"}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()}
    assert b"| boosting |" in files["CARD.md"]


def test_noise_does_not_pass_and_takes_an_older_model_away(tmp_path):
    (tmp_path / "model.json").write_bytes(b"{}")
    report = train(rows(knows=False), tmp_path, replicates=40, growth=QUICK)
    assert report["passed"] == []
    assert not (tmp_path / "model.json").exists()
    assert "does not pass" in (tmp_path / "CARD.md").read_text(encoding="utf-8")


def test_rows_held_apart_are_in_no_fold():
    known = rows(knows=True)
    folds = np.array([fold(name) for name in known.authors])
    folds[:20] = APART
    judged = judge_rows(known, folds, known.author_numbers, replicates=20, growth=QUICK)
    assert judged["luma"].models["boosting"].value > 0.5


def test_rows_lie_by_content_id():
    presets = [parse_preset(raw(body(at)), name=f"Ana{at} - sea {at}", where="x") for at in range(60)]
    made = rows_of(presets, {"luma": list(range(60))}, {}, lambda done, total, what: None)
    assert list(made.content_ids) == sorted(made.content_ids)
    by_id = {preset.content_id: float(at) for at, preset in enumerate(presets)}
    assert made.targets["luma"].tolist() == [by_id[name] for name in made.content_ids]
    with pytest.raises(TableError, match="at least"):
        rows_of(presets[:5], {}, {}, lambda done, total, what: None)


def test_command_says_what_is_missing(tmp_path, package, capsys):
    assert main(["models", "train-quality", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    # The package is there, but none of its presets was ever measured.
    assert main(["models", "train-quality", str(package), "--out", str(tmp_path / "out")]) == 2
    assert "only 0 measured presets" in capsys.readouterr().err
