"""A PulseAudio server of our own: no hardware, no user session, nothing left behind.

::

    with private_pulse() as server:
        subprocess.run([...], env=os.environ | server.env)
        server.play("tone.wav")

Its only sink, `aiv`, goes nowhere; what is played into it comes out of its monitor, which ALSA (and
so PortAudio) knows as the device `aiv`. An idle null sink takes up to 2 s to deliver its first block.
"""

import ctypes.util
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from ending import end

SINK = "aiv"
RATE = 48000
READY_S = 10.0
PRIORITY = 38
ASOUNDRC = f"""
pcm.!default {{ type pulse }}
pcm.{SINK} {{ type pulse device "{SINK}.monitor" hint {{ show on description "AIV monitor" }} }}
"""


def hurry(pid):
    """Real-time priority, as a sound server has it on a real machine; not every machine grants it."""
    with suppress(OSError):
        os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(PRIORITY))


class PeerMissing(Exception):
    """The sound server or a part of it is not installed."""


class PrivatePulse:
    """A running server; made by `private_pulse`.

    Attributes:
        env: what a program must find in its environment to use this server.
    """

    def __init__(self, folder):
        self._folder = folder
        runtime, home = folder / "run", folder / "home"
        socket = runtime / "pulse" / "native"
        socket.parent.mkdir(parents=True)
        runtime.chmod(0o700)
        home.mkdir()
        (home / ".asoundrc").write_text(ASOUNDRC)
        self.env = {
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(runtime),
            "PULSE_SERVER": f"unix:{socket}",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        }
        options = "-n --daemonize=no --exit-idle-time=-1 --use-pid-file=no --realtime=no --high-priority=no"
        protocol = f"module-native-protocol-unix socket={socket} auth-anonymous=1"
        self._log = (folder / "pulse.log").open("wb")
        self.process = subprocess.Popen(
            ["pulseaudio", *options.split(), "--log-target=stderr", "-L", protocol],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        hurry(self.process.pid)

    def wait_until_ready(self):
        deadline = time.monotonic() + READY_S
        while self._pactl("info").returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PulseAudio did not start: {self.log()}")
            time.sleep(0.05)

    def reload(self, channel_map="front-left,front-right"):
        """Plug the device in, with silence on it."""
        channels = channel_map.count(",") + 1
        layout = f"rate={RATE} format=s16le channels={channels} channel_map={channel_map}"
        self._must("load-module", "module-null-sink", f"sink_name={SINK}", *layout.split())

    def unload(self):
        """Pull the device out."""
        self._must("unload-module", "module-null-sink")

    def play(self, path):
        """Play a sound file into the sink; returns when it has been heard."""
        player = subprocess.Popen(["paplay", "-d", SINK, str(path)], env=self.env)
        hurry(player.pid)
        if player.wait(300) != 0:
            raise RuntimeError(f"paplay ended with status {player.returncode}: {self.log()}")

    def log(self):
        """What the server wrote so far."""
        return (self._folder / "pulse.log").read_text(errors="replace")

    def close(self):
        end(self.process)
        self._log.close()

    def _must(self, *arguments):
        result = self._pactl(*arguments)
        if result.returncode != 0:
            raise RuntimeError(f"pactl {' '.join(arguments)}: {result.stderr} {self.log()}")

    def _pactl(self, *arguments):
        return subprocess.run(
            ["pactl", *arguments], env=self.env, capture_output=True, text=True, timeout=READY_S
        )


@contextmanager
def private_pulse():
    """Start a server with the device `aiv` plugged in; ends it whatever happens.

    Raises:
        PeerMissing: names the Debian package to install.
    """
    _require_packages()
    # Not pytest's tmp_path: the path of a unix socket may have 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="aivjd-pulse-"))
    server = None
    try:
        server = PrivatePulse(folder)
        server.wait_until_ready()
        server.reload()
        yield server
    finally:
        if server is not None:
            server.close()
        shutil.rmtree(folder, ignore_errors=True)


def _require_packages():
    needed = {
        "pulseaudio": shutil.which("pulseaudio"),
        "pulseaudio-utils": shutil.which("paplay") and shutil.which("pactl"),
        "libportaudio2": ctypes.util.find_library("portaudio"),
        "libasound2-plugins": any(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")),
    }
    missing = [package for package, found in needed.items() if not found]
    if missing:
        raise PeerMissing(f"tests with a real sound server need the Debian packages {', '.join(missing)}")
