"""The other run: the same sound and inputs under another configuration, seed, packs, or version of aivjd."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from daemon import config as configuration
from daemon import packs
from daemon.config import Config
from daemon.engine import Engine, Hop, log_records
from daemon.errors import AivjdError, MissingError, SessionError, UsageError
from daemon.fingerprint import code_sha256, tool_version
from daemon.replay import ENGINE_FAULTS, drive, engine_for, engine_of
from daemon.session import Header, SessionReader


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is other than recorded; None for what is not."""

    config: Path | None = None
    seed: int | None = None
    packs: Sequence[str] | None = None

    @property
    def none(self) -> bool:
        """Whether everything is as recorded."""
        return self.config is None and self.seed is None and not self.packs

    def arguments(self) -> list[str]:
        """As arguments of `aivjd replay`, paths absolute."""
        given: list[str] = []
        if self.config is not None:
            given += ["--config", str(self.config.resolve())]
        if self.seed is not None:
            given += ["--seed", str(self.seed)]
        for place in self.packs or ():
            given += ["--pack", str(Path(place).resolve())]
        return given


def changed(header: Header, changes: Changes) -> Header:
    """The header of the other run, made by this code.

    Raises:
        ConfigError, ManifestError: what is given instead cannot be used.
    """
    fresh = msgspec.structs.replace(header, closed=None, version=tool_version(), code=code_sha256())
    if changes.seed is not None:
        fresh.seed = changes.seed
    if changes.config is not None:
        configure(fresh, configuration.load(changes.config))
    if changes.packs:
        catalog = packs.load([Path(place) for place in changes.packs]).catalog
        fresh.catalog, fresh.catalog_sha256 = json.loads(catalog.to_json()), catalog.sha256
    return fresh


def configure(header: Header, config: Config) -> None:
    """Put another configuration into a header."""
    header.config, header.config_sha256 = msgspec.to_builtins(config), config.decision_sha256()


def engine_under(reader: SessionReader, header: Header) -> Engine:
    """A fresh engine that hears what the session recorded, under `header`.

    Raises:
        SessionError: the header cannot be used, or the session begins in the middle and was recorded
            under something else (its state at the start then fits no other engine).
    """
    if (header.config_sha256, header.catalog_sha256, header.seed) == (
        reader.header.config_sha256, reader.header.catalog_sha256, reader.header.seed
    ):  # fmt: skip
        return engine_of(reader)
    if reader.start is not None:
        raise SessionError(
            "it begins in the middle, in a state that fits only its own configuration, packs and seed",
            where=str(reader.folder),
            fix="compare the session that it continues, or give no --config, --pack and --seed",
        )
    return engine_for(reader, header)


def hops_of(
    reader: SessionReader,
    engine: Engine,
    progress: Callable[[int], None] | None = None,
    blocks: Iterator[np.ndarray] | None = None,
) -> Iterator[Hop]:
    """All hops of a session by this engine, read as they are needed.

    Args:
        reader: the session.
        engine: from `engine_under`.
        progress: called with the samples done.
        blocks: instead of the recorded sound, where the engine does not hear it.

    Raises:
        SessionError: a log was changed, or holds what no engine ever wrote.
    """
    inputs, first = reader.checked("inputs"), reader.first
    done = None if progress is None else lambda position: progress(position - first)
    try:
        yield from drive(engine, reader.audio() if blocks is None else blocks, inputs, progress=done)
    except AivjdError:
        raise
    except ENGINE_FAULTS as error:
        raise SessionError(
            f"the engine cannot follow the recording ({type(error).__name__}: {error})",
            where=str(reader.folder),
            fix="see `aivjd verify`",
        ) from error


def rerun(
    reader: SessionReader, header: Header, progress: Callable[[int], None] | None = None
) -> Iterator[dict[str, Any]]:
    """Records of the pickLog of the other run, as they fall while it goes on."""
    for hop in hops_of(reader, engine_under(reader, header), progress):
        for log, record in log_records(hop):
            if log == "picks":
                yield record


def other_version(command: str, session: Path, changes: Changes, out: Path) -> SessionReader:
    """What another version of aivjd makes of a session.

    Args:
        command: how it is called, such as `../old/.venv/bin/aivjd`.
        session: folder.
        changes: given to it, too.
        out: an empty folder's path for what it writes; the command runs beside it, so that
            `python -m daemon.cli` takes its own sources and not those of the current folder.

    Raises:
        MissingError: there is no such command.
        UsageError: it failed; the sentence ends with what it said.
    """
    words = shlex.split(command)
    if not words:
        raise UsageError("--python names no command", fix="give the path of the other version's `aivjd`")
    if os.sep in words[0]:
        words[0] = str(Path(words[0]).absolute())  # not resolved: a virtual environment is known by its link
    words += ["replay", str(session.resolve()), "--out", str(out), "--json", *changes.arguments()]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(  # noqa: S603 - the command is what the user asked for, and no shell sees it
            words,
            cwd=out.parent,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
    except OSError as error:
        raise MissingError(
            f"the other version cannot be run ({error.strerror})",
            where=command,
            fix="name its `aivjd`, or `PYTHON -m daemon.cli`",
        ) from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["nothing"]
        raise UsageError(
            f"the other version ended with {done.returncode} and said: {said[-1][:300]}",
            where=command,
            fix="run its `replay` by hand",
        )
    return SessionReader(out)
