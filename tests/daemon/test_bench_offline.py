"""`aivjd bench offline` on a small library: made presets are synced, twins once, and picked from."""

from __future__ import annotations

import json

from daemon.cli import main


def test_a_small_library_is_measured(tmp_path, capsys):
    assert main(["bench", "offline", "--presets", "200", "--folder", str(tmp_path), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows["presets made"] == 200
    assert rows["synced"] == 180
    assert rows["pick, CPU us"] > 0
    assert list(tmp_path.iterdir()) == []
