"""What `aivjd models score-beats` says where its library is missing."""

from __future__ import annotations

import sys

from daemon.cli import main


def test_a_missing_library_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mir_eval", None)
    assert main(["models", "score-beats", str(tmp_path)]) == 3
    assert capsys.readouterr().err == "aivjd: scoring needs mir_eval; install the extra `aivjd[models]`.\n"
