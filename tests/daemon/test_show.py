"""What the main process knows before anything was heard."""

from __future__ import annotations

from pathlib import Path

import msgspec

from daemon.config import Config
from daemon.metrics import Metrics
from daemon.packs import load
from daemon.show import Show
from daemon.source_child import SourceChild
from selector.events import PublicState


def show(pack: Path) -> Show:
    loaded, config = load([pack]), Config()
    return Show(config, loaded.catalog, loaded.folders, 1, SourceChild(config.input), None, Metrics())


def test_the_state_is_whole_before_the_engine_speaks(demo_pack: Path) -> None:
    state = show(demo_pack).state()
    promised = {field.encode_name for field in msgspec.structs.fields(PublicState)}
    assert promised <= state.keys()
    assert state["packs"] == ["demo"]
    assert state["recording"] == {"on": False, "dir": "", "message": "", "flightSec": 0, "saved": ""}


def test_it_is_not_healthy_without_snapshots(demo_pack: Path) -> None:
    good, facts = show(demo_pack).health()
    assert not good
    assert "no snapshot" in facts["reason"]
