"""A JACK server without a sound card: MIDI between processes where the kernel has no sequencer."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from ending import end


@contextlib.contextmanager
def jack(folder: Path) -> Iterator[dict[str, str]]:
    """Run jackd; gives the environment that its clients need."""
    jackd, jack_lsp = shutil.which("jackd"), shutil.which("jack_lsp")
    assert jackd is not None, "jackd is not installed (package jackd2)"
    assert jack_lsp is not None
    name = f"aivjd{os.getpid()}"
    environment = {"JACK_DEFAULT_SERVER": name, "JACK_NO_AUDIO_RESERVATION": "1", "JACK_NO_START_SERVER": "1"}
    realtime = ["-R", "-P", "30"] if os.geteuid() == 0 else ["--no-realtime"]
    command = [jackd, "-n", name, *realtime, "--no-mlock", "-d", "dummy", "-r", "48000", "-p", "128"]
    with (folder / "jackd.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | environment)
        try:
            deadline = time.monotonic() + 20
            while subprocess.run(
                [jack_lsp], env=os.environ | environment, capture_output=True, check=False
            ).returncode:
                assert process.poll() is None, (folder / "jackd.log").read_text()
                assert time.monotonic() < deadline, "jackd does not answer"
                time.sleep(0.1)
            yield environment
        finally:
            end(process)


def connect(environment: dict[str, str], source: str, sink: str, patience_s: float = 20.0) -> None:
    """Connect the ports whose names contain these words, once both are there."""
    jack_lsp, jack_connect = shutil.which("jack_lsp"), shutil.which("jack_connect")
    assert jack_lsp is not None
    assert jack_connect is not None
    deadline = time.monotonic() + patience_s
    while True:
        seen = subprocess.run(
            [jack_lsp], env=os.environ | environment, capture_output=True, text=True, check=False
        ).stdout.splitlines()
        from_ = [port for port in seen if source in port]
        to = [port for port in seen if sink in port]
        if from_ and to:
            subprocess.run([jack_connect, from_[0], to[0]], env=os.environ | environment, check=True)
            return
        assert time.monotonic() < deadline, f"{source!r} or {sink!r} is not among {seen}"
        time.sleep(0.1)
