"""The configuration: the committed file is the schema's, and every mistake gets its sentence."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from daemon.cli import main
from daemon.config import Config, default_text, load, parse
from daemon.cue_file import with_cues
from daemon.errors import ConfigError

ROOT = Path(__file__).parents[2]


def test_the_committed_file_is_printed_from_the_schema() -> None:
    """Regenerate with `aivjd config > config.toml`."""
    assert (ROOT / "config.toml").read_text(encoding="utf-8") == default_text()


def test_the_committed_file_means_the_defaults() -> None:
    assert load(ROOT / "config.toml") == Config()
    assert load(None) == Config()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[server]\nprot = 1", ["unknown key `server.prot`", "known here", "port"]),
        ("[server]\nport = 99999", ["`server.port`", "<= 65535", "Port"]),
        ("[server]\nport = 'x'", ["`server.port`", "expected `int`"]),
        ("[input]\nchannels = [0, 1]", ["`input.channels[0]`", ">= 1"]),
        ("[dsp]\nsensitivity_db = 99.0", ["`dsp.sensitivity_db`", "24"]),
        (
            "[dsp]\ntempo_min_bpm = 120\ntempo_max_bpm = 120",
            ["dsp.tempo_min_bpm: not below dsp.tempo_max_bpm;"],
        ),
        ("wrong = 1", ["unknown key `wrong`", "selector"]),
        ("[server\n", ["not valid TOML"]),
    ],
)
def test_a_mistake_names_the_key_the_range_and_the_file(tmp_path: Path, text: str, words: list[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    for word in [str(file), *words]:
        assert word in str(caught.value)


def test_the_daemon_refuses_to_start_on_a_bad_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[server]\nprot = 1", encoding="utf-8")
    assert main(["run", "--config", str(file)]) == 2
    assert "unknown key `server.prot`" in capsys.readouterr().err


def test_a_partial_file_leaves_every_other_key_alone() -> None:
    assert parse("[server]\nport = 9000", source="test") == parse("server.port = 9000", source="test")
    changed = parse("[server]\nport = 9000", source="test")
    assert changed.server.port == 9000
    assert changed.server.host == Config().server.host
    assert changed.dsp == Config().dsp


def test_only_what_decides_is_in_the_decision_hash() -> None:
    base = Config().decision_sha256()
    assert parse("[server]\nport = 9000", source="test").decision_sha256() == base
    assert parse("[dsp]\nsensitivity_db = 3.0", source="test").decision_sha256() != base


@pytest.mark.parametrize("name", ["set.toml", "set.json"])
def test_a_cue_list_in_a_file_of_its_own(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    toml = '[[scenes]]\nname = "doors"\ncalm = true\nminutes = 20\n[[scenes]]\nname = "night"\n'
    path.write_text(toml if name == "set.toml" else json.dumps(tomllib.loads(toml)), encoding="utf-8")
    found = with_cues(Config(), path)
    assert [(scene.name, scene.minutes) for scene in found.selector.scenes] == [
        ("doors", 20.0),
        ("night", 0.0),
    ]
    assert found.decision_sha256() != Config().decision_sha256()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "scenes = 3",
        "x = 1\n[[scenes]]",
        "[[scenes]]\nnmae = 'x'",
        "[[scenes]",
        "[[scenes]]\nminutes = -1",
    ],
)
def test_a_cue_list_that_cannot_be_used_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "set.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        with_cues(Config(), path)
    assert "set.toml" in str(refused.value)
