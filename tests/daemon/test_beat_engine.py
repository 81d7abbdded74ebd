"""aubio as the beat engine: only when chosen, said where it is missing, and never called exact."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon import config as configuration
from daemon.analysis import lines
from daemon.audio_file import AudioFile
from daemon.cli import main
from daemon.config import Config
from daemon.engine import log_records
from daemon.packs import load
from daemon.replay import drive, engine_of_header
from daemon.session import SessionReader, SessionWriter, new_header
from daemon.verify import verify
from dsp.analyzer import Analyzer
from dsp.errors import InputError
from dsp.settings import DspSettings

RATE = 48000
AUBIO = DspSettings(beat_engine="aubio")


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory, music: Callable[..., np.ndarray]) -> Path:
    path = tmp_path_factory.mktemp("track") / "track.wav"
    soundfile.write(path, music(30, 16) << 8, RATE, subtype="PCM_24")
    return path


@pytest.fixture
def chosen(tmp_path: Path) -> Path:
    path = tmp_path / "aubio.toml"
    path.write_text('[dsp]\nbeat_engine = "aubio"\n[server]\nport = 0\n[record]\nenabled = false\n')
    return path


@pytest.fixture
def without_aubio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aubio", None)


@pytest.mark.usefixtures("without_aubio")
@pytest.mark.parametrize(
    "command", [["analyze", "{track}"], ["replay", "{track}", "--pack", "{pack}"], ["run"]]
)
def test_a_missing_package_is_one_sentence(command, track, demo_pack, chosen, capsys):
    words = [word.format(track=track, pack=demo_pack) for word in command]
    assert main([*words, "--config", str(chosen)]) == 3
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("aivjd: dsp.beat_engine: the beat engine aubio cannot be loaded (")
    assert 'pip install "aivjd[aubio]"' in printed.err


@pytest.mark.usefixtures("without_aubio")
def test_our_own_engine_needs_no_aubio(track):
    assert any(record["type"] == "onset" for record in lines(AudioFile(track), DspSettings(), 4096))


def test_the_setting_is_refused_where_nobody_builds_the_engine():
    """Nothing may quietly hear with another engine than the one that was chosen."""
    with pytest.raises(InputError, match="beat_engine"):
        Analyzer(AUBIO, RATE)
    with pytest.raises(configuration.ConfigError, match="beat_engine"):
        configuration.parse('[dsp]\nbeat_engine = "btrack"', source="test")


def test_aubio_is_not_imported_unless_it_is_chosen(track):
    """In a process of its own, since other tests here import it."""
    code = (
        "import sys; from daemon.cli import main; main(['analyze', sys.argv[1]]); "
        "import daemon.app, daemon.engine_process; sys.exit('aubio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(track)], stdout=subprocess.DEVNULL, timeout=120)
    assert done.returncode == 0


def test_the_real_one_finds_the_beats_whatever_the_block(track):
    pytest.importorskip("aubio", reason="needs the extra aivjd[aubio]")
    records = list(lines(AudioFile(track), AUBIO, 4096))
    assert records == list(lines(AudioFile(track), AUBIO, 441))
    beats = [record for record in records if record["type"] == "beat"]
    assert np.median(np.diff([beat["time"] for beat in beats])) == pytest.approx(60 / 124, abs=0.002)
    assert len(beats) > 20
    assert np.median([beat["time"] - beat["emitted_at"] for beat in beats]) >= 0.05
    assert [record["bpm"] for record in records if record["type"] == "tempo"][-1] == pytest.approx(124, abs=1)


@pytest.fixture
def session(demo_pack, music, tmp_path) -> Path:
    """Recorded with aubio, as the daemon would, without its processes."""
    pytest.importorskip("aubio", reason="needs the extra aivjd[aubio]")
    config, folder = Config(dsp=AUBIO), tmp_path / "session"
    header = new_header(
        config, load([demo_pack]).catalog, session="test", seed=1, rate=RATE, source={"name": "test"}
    )
    writer = SessionWriter(folder, header)
    samples = music(30, 16)
    writer.audio(samples)
    for hop in drive(engine_of_header(header, "test"), [samples]):
        for log, record in log_records(hop):
            (writer.pick if log == "picks" else writer.event)(record)
    writer.close()
    return folder


def test_a_session_says_that_it_is_not_exact(session, capsys):
    header = json.loads((session / "session.json").read_text())
    assert header["replayExact"] is False
    assert header["beatEngine"].startswith("aubio")
    capsys.readouterr()
    assert main(["verify", str(session)]) == 0
    assert "exact only on the machine that recorded" in capsys.readouterr().out


def test_other_bytes_are_told_from_tampering(session, monkeypatch):
    """Another machine's aubio rounds otherwise: here, a beat that it puts one sample later."""
    from daemon.hearing import AubioDetector

    hear = AubioDetector.hear

    def rounds_otherwise(self, mono):
        found = hear(self, mono)
        return found and found._replace(sample=found.sample - 1)

    monkeypatch.setattr(AubioDetector, "hear", rounds_otherwise)
    verdict = verify(SessionReader(session))
    assert (verdict.identical, verdict.cause) == (False, "inexact")
    assert "does not show that the session was changed" in verdict.message
