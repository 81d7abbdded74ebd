"""`aivjd run`, and `replay --realtime`: puts show, listeners and children together, and takes them down."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import secrets
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from daemon import config as configuration
from daemon import packs
from daemon.beat_engine import engine_name, replay_exact
from daemon.config import Config
from daemon.cue_file import with_cues
from daemon.errors import AivjdError, UsageError
from daemon.metrics import Metrics
from daemon.osc_desks import Desks
from daemon.osc_in import listen
from daemon.pack_watch import watch
from daemon.realtime import quiet_collector
from daemon.rig import Rig
from daemon.server import Server
from daemon.show import Show
from daemon.source_child import SourceChild

if TYPE_CHECKING:
    from daemon.playback import Playback  # brings the engine along, which main needs only to play again

WEB_DIR = Path(__file__).parent / "web" / "dist"
LAST_WORDS_S = 1.0  # after the last sample of a recording: browsers answer, desks get their last message
log = logging.getLogger("aivjd")


def run_show(args: argparse.Namespace, config_path: Path | None) -> int:
    """Run until a signal or `--duration`. Returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("daemon.websockets").setLevel(logging.WARNING)
    config = _with_arguments(with_cues(configuration.load(config_path), args.cues), args)
    engine_name(config.dsp)  # a missing one is said now, not by a child that dies
    base = config_path.parent if config_path else Path()
    places = [Path(p) for p in args.pack] if args.pack else packs.places(config.packs.dirs, base)
    loaded = packs.load(places)
    seed = config.seed if config.seed >= 0 else secrets.randbits(48)
    record_dir = Path(config.record.dir) if config.record.enabled else None
    return asyncio.run(_run(config, loaded, seed, record_dir, args.duration, places=places))


def play_again(args: argparse.Namespace, config_path: Path | None) -> int:
    """Show a recorded session again in real time. Returns the exit code: 1 if picks came out otherwise."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("daemon.websockets").setLevel(logging.WARNING)
    from daemon.playback import Playback

    playback = Playback(args.source, waits=args.wait)
    config = playback.with_addresses(configuration.load(config_path), args.port)
    base = config_path.parent if config_path else Path()
    places = [Path(p) for p in args.pack] if args.pack else packs.places(config.packs.dirs, base)
    loaded = packs.load(places)
    catalog = playback.catalog()
    for pack in sorted({*catalog.packs} - {*loaded.folders}):
        loaded.warnings.append(f"pack {pack!r} of the session is not here (name it by --pack): it stays dark")
    shown = packs.Loaded(catalog, loaded.folders, loaded.warnings)
    code = asyncio.run(_run(config, shown, playback.header.seed, None, args.duration, playback))
    missing = playback.missing() if args.duration is None else 0
    if playback.differs or missing:
        log.error("not as it was: %s", playback.differs or f"{missing} picks and outcomes did not come")
        return 1
    log.info("as it was: %d picks and outcomes", playback.shown)
    return code


def _with_arguments(config: Config, args: argparse.Namespace) -> Config:
    """The configuration with what the command line overrides; validated like the file."""
    data = msgspec.to_builtins(config)
    if args.input is not None:
        data["input"]["name"] = args.input
    if args.mode is not None:
        data["selector"]["select"]["mode"] = args.mode
    if args.seed is not None:
        data["seed"] = args.seed
    if args.port is not None:
        data["server"]["port"] = args.port
    if args.record is not None:
        data["record"].update(enabled=True, dir=args.record)
    if args.no_record:
        data["record"]["enabled"] = False
    try:
        return configuration.validate(data, source="command line")
    except AivjdError as error:
        raise UsageError(error.what, where=error.where, fix=error.fix) from error


async def _run(
    config: Config,
    loaded: packs.Loaded,
    seed: int,
    record_dir: Path | None,
    duration: float | None,
    playback: Playback | None = None,
    places: Sequence[Path] = (),
) -> int:
    metrics = Metrics()
    source = SourceChild(config.input)
    show = Show(config, loaded.catalog, loaded.folders, seed, source, record_dir, metrics, playback)
    for warning in loaded.warnings:
        show.warn(warning)
    server = Server(config.server, show, WEB_DIR, metrics, on_clients=show.clients_changed)
    show.audience = server
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, ending.set)
    async with contextlib.AsyncExitStack() as stack:
        await server.start()
        stack.push_async_callback(server.stop)
        Desks(config.osc)  # an address that cannot be used is said now, not by an engine that dies
        if config.osc.in_port:
            keep = Path(config.osc.learnt) if config.osc.learnt else None
            desk = await listen(config.osc, show.orders.command, show.state, metrics, keep=keep)
            stack.callback(desk.close)
            show.attend(desk)
        rig = Rig(config, show.orders.clock, show.orders.command, show.warn, show.announce_state)
        show.rig = rig
        stack.push_async_callback(show.stop)
        await show.start()
        _greet(show, server, source)
        rig.start()
        stack.push_async_callback(rig.stop)
        quiet_collector()
        if playback is not None:
            played = asyncio.create_task(_played(show, server, playback, ending))
            stack.callback(played.cancel)
        if places:
            watching = asyncio.create_task(watch(places, show.pack_dirs, show.restock, show.warn))
            stack.callback(watching.cancel)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), duration)
    if show.recording.recorder is not None:
        log.info("recorded %s", show.recording.recorder.folder)
    return 0


async def _played(show: Show, server: Server, playback: Playback, ending: asyncio.Event) -> None:
    """Begin when everybody is there, and set `ending` once everything has been shown, or cannot be."""
    source = show.source
    await show.ready.wait()
    while playback.waits and not server.client_counts().get("stage"):
        await asyncio.sleep(0.1)
    source.play()
    while source.state != "ended" and not playback.broken:
        await asyncio.sleep(0.1)
    await asyncio.sleep(LAST_WORDS_S)
    ending.set()


def _greet(show: Show, server: Server, source: SourceChild) -> None:
    stage, _, query = server.urls(with_token=True)[0].partition("?")
    query = f"?{query}" if query else ""
    log.info("aivjd hears %s%s", source.describe()["name"], f" ({source.message})" if source.message else "")
    log.info("  stage    %s%s", stage, query)
    log.info("  control  %scontrol%s", stage, query)
    log.info("  seed     %d", show.seed)
    if not replay_exact(show.config.dsp):
        name = engine_name(show.config.dsp)
        log.info("  beats    by %s: this session replays exactly on this machine, not on every other", name)
    if show.recording.recorder is not None:
        log.info("  session  %s", show.recording.recorder.folder)
    log.info("Ctrl-C ends it.")
