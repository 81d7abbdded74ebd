"""A machine with MIDI clock, in a process of its own, on JACK.

``python midi_peer.py send BPM``: ticks at that tempo; lines on standard input: ``start``, ``stop``,
``jitter MS``, ``tempo BPM``. Prints the monotonic second of each start's first tick.
``python midi_peer.py receive``: prints monotonic second and first byte of each message that comes.
It ends with its input.
"""

import contextlib
import os
import random
import sys
import threading
import time

import rtmidi

asked: list[list[str]] = []
ended = threading.Event()


def listen() -> None:
    for line in sys.stdin:
        asked.append(line.split())
    ended.set()


def send(bpm: float) -> None:
    out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="machine")
    out.open_virtual_port("clock")
    print("ready", flush=True)
    due, jitter, starts = time.monotonic() + 0.1, 0.0, False
    while not ended.is_set():
        while asked:
            match asked.pop(0):
                case ["start"]:
                    out.send_message([0xFA])
                    starts = True
                case ["stop"]:
                    out.send_message([0xFC])
                case ["jitter", ms]:
                    jitter = float(ms) / 1000
                case ["tempo", value]:
                    bpm = float(value)
        late = random.uniform(0.0, jitter)
        while (left := due + late - time.monotonic()) > 0:
            time.sleep(min(left, 0.005))
        out.send_message([0xF8])
        if starts:
            print(f"{due:.6f}", flush=True)
            starts = False
        due += 60 / bpm / 24


def receive() -> None:
    port = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="slave")
    port.ignore_types(timing=False)
    port.set_callback(lambda event, _: print(f"{time.monotonic():.6f} {event[0][0]}", flush=True))
    port.open_virtual_port("clock")
    print("ready", flush=True)
    ended.wait()
    port.cancel_callback()


with contextlib.suppress(PermissionError):  # a machine of its own is not held up by what runs here
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(20))
threading.Thread(target=listen, daemon=True).start()
send(float(sys.argv[2])) if sys.argv[1] == "send" else receive()
