"""What each command does. Heavy imports stay inside the command that needs them."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from daemon import kernel_cache
from daemon.errors import MissingError, UsageError

kernel_cache.activate()


def default_config(path: Path | None) -> Path | None:
    """The configuration file in force: the named one, else ./config.toml if it is there."""
    if path is not None:
        return path
    here = Path("config.toml")
    return here if here.exists() else None


def progress_bar(total: int, rate: int) -> Callable[[int], None] | None:
    """A bar on the terminal for long work, or nothing where nobody looks."""
    if not sys.stderr.isatty() or total <= 0:
        return None
    started = time.monotonic()
    shown = 0.0

    def show(done: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown < 0.1 and done < total:
            return
        shown = now
        speed = done / rate / max(now - started, 1e-9)
        bar = "#" * int(30 * min(done, total) / total)
        end = "\n" if done >= total else ""
        print(f"\r[{bar:<30}] {done / rate:7.1f} s  {speed:5.0f}x", end=end, file=sys.stderr, flush=True)

    return show


def end_progress() -> None:
    """Take a bar that did not reach its end off the terminal, before anything else is printed."""
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def run(args: argparse.Namespace) -> int:
    """`aivjd run`."""
    from daemon.app import run_show

    return run_show(args, default_config(args.config))


def devices(args: argparse.Namespace) -> int:
    """`aivjd devices`."""
    from daemon import devices as audio_devices

    found = audio_devices.list_devices()
    if args.json:
        print(json.dumps([device.to_dict() for device in found], indent=1))
        return 0
    if not found:
        raise MissingError("this machine has no audio input", fix="connect one, or use `--input demo`")
    for device in found:
        print(device.describe())
    return 0


def analyze(args: argparse.Namespace) -> int:
    """`aivjd analyze`."""
    from daemon import config as configuration
    from daemon.analysis import lines
    from daemon.audio_file import AudioFile

    audio = AudioFile(args.audio)
    settings = configuration.load(args.config).dsp
    if args.block < 1:
        raise UsageError("--block must be at least 1", fix="give a number of samples")
    started = time.process_time()
    for record in lines(audio, settings, args.block):
        print(json.dumps(record) if args.jsonl else _plain(record))
    stats = {
        "type": "stats",
        "cpu_s": round(time.process_time() - started, 4),
        "audio_s": round(audio.frames / audio.rate, 4),
        "maxrss_mb": round(_peak_mb(), 1),
    }
    print(json.dumps(stats) if args.jsonl else _plain(stats))
    return 0


def _peak_mb() -> float:
    """Largest resident memory of this process; `ru_maxrss` may be that of the one that started it."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _plain(record: dict[str, object]) -> str:
    rest = "  ".join(f"{key} {value}" for key, value in record.items() if key not in ("type", "time"))
    time_s = record.get("time")
    return (
        f"{time_s:9.3f}  {record['type']:<9} {rest}"
        if isinstance(time_s, float)
        else f"{record['type']}: {rest}"
    )


def replay(args: argparse.Namespace) -> int:
    """`aivjd replay`."""
    from daemon.commands.replay import replay as act

    return act(args)


def verify(args: argparse.Namespace) -> int:
    """`aivjd verify`."""
    from daemon.commands.verify import verify as act

    return act(args)


def explain(args: argparse.Namespace) -> int:
    """`aivjd explain`."""
    from daemon.commands.explain import explain as act

    for line in act(args.session, args.seq, args.at, as_json=args.json):
        print(line)
    return 0


def rehearse(args: argparse.Namespace) -> int:
    """`aivjd rehearse`."""
    from daemon.commands.rehearse import rehearse as act

    return act(args)


def export(args: argparse.Namespace) -> int:
    """`aivjd export`."""
    from daemon.commands.export import export as act

    return act(args)


def report(args: argparse.Namespace) -> int:
    """`aivjd report`."""
    from daemon.commands.report import report as act

    return act(args)


def diff(args: argparse.Namespace) -> int:
    """`aivjd diff`."""
    from daemon.commands.diff import diff as act

    return act(args)


def bisect(args: argparse.Namespace) -> int:
    """`aivjd bisect`."""
    from daemon.commands.bisect import bisect as act

    return act(args)


def pack(args: argparse.Namespace) -> int:
    """`aivjd pack`."""
    from daemon.commands.pack import pack as act

    return act(args)


def models(args: argparse.Namespace) -> int:
    """`aivjd models`."""
    from daemon.commands.models import models as act

    return act(args)


def bench(args: argparse.Namespace) -> int:
    """`aivjd bench`."""
    from importlib import import_module

    if args.name == "similar":
        from models.embed.bench import main

        return main(args)
    if args.name == "offline":
        from daemon.commands.bench_offline import bench_offline

        return bench_offline(args)
    return int(import_module(f"daemon.bench.{args.name.replace('-', '_')}").main(args))


def osc_book(args: argparse.Namespace) -> int:
    """`aivjd osc-book`."""
    from daemon.commands.osc_book import osc_book as act

    return act(args, default_config(args.config))


def doctor(args: argparse.Namespace) -> int:
    """`aivjd doctor`."""
    from daemon.commands.doctor import doctor as act

    return act(args, default_config(args.config))


def config(args: argparse.Namespace) -> int:
    """`aivjd config`."""
    from daemon import config as configuration

    if args.check:
        configuration.load(args.check)
        print(f"{args.check}: good")
    else:
        print(configuration.default_text(), end="")
    return 0


def warm(_: argparse.Namespace) -> int:
    """`aivjd warm`."""
    import numpy as np

    started = time.monotonic()
    import selector.strata  # noqa: F401  (kernels are compiled by being imported)
    from daemon import selfcheck
    from dsp.analyzer import Analyzer, quantise
    from dsp.settings import DspSettings

    analyzer = Analyzer(DspSettings(), 48000)
    analyzer.feed(quantise(np.zeros((48000, 2), dtype=np.float32)))
    for fault in selfcheck.faults():
        print(f"aivjd: self-check: {fault}", file=sys.stderr)
    print(f"kernels ready in {time.monotonic() - started:.1f} s ({kernel_cache.activate()})")
    return 0
