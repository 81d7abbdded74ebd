"""Measures many presets: several browsers, each result kept as soon as it is there, the same in any order.

A result is a file named by the preset's content, in a folder named by everything else it depends on (rig,
stimuli, renderer, browser, this code). So a campaign that was killed goes on where it was, and a preset that
is in two packs is measured once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from models.measure.pages import rig_files
from models.measure.probe import Probe, Probed, Rig
from models.packs.canonical import canonical_json

Progress = Callable[[int, int, str], None]
BATCH = 25
"""Presets that one worker takes at a time: few enough that all workers end together."""


@dataclass(frozen=True)
class Task:
    """A preset to be measured: `content` names it, `text` is the file."""

    content: str
    text: str


class Campaign:
    """Results of one rig in `folder`.

    Args:
        folder: where results are kept between campaigns.
        rig: how to measure.
        modules: the `node_modules` folder that holds butterchurn.
    """

    def __init__(self, folder: Path, rig: Rig, modules: Path) -> None:
        self.rig = rig
        self._modules = modules
        with Probe(rig, rig_files(modules)) as probe:
            self.renderer = probe.describe()
        self.key = sha256(
            canonical_json(
                {"rig": rig.parameters(), "renderer": self.renderer, "url": rig.url, "code": _code(modules)}
            )
        ).hexdigest()
        self.place = folder / self.key[:16]
        self.place.mkdir(parents=True, exist_ok=True)

    def run(self, tasks: Sequence[Task], *, workers: int, progress: Progress) -> int:
        """Measure what has not been measured yet; gives how many that were."""
        todo = [task for task in tasks if not self._file(task.content).is_file()]
        batches = [todo[at : at + BATCH] for at in range(0, len(todo), BATCH)]
        done = len(tasks) - len(todo)
        progress(done, len(tasks), "measuring")
        if workers == 1:
            for batch in batches:
                done += _work(self.rig, self._modules, self.place, batch)
                progress(done, len(tasks), "measuring")
            return len(todo)
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            jobs = [pool.submit(_work, self.rig, self._modules, self.place, batch) for batch in batches]
            for job in as_completed(jobs):
                done += job.result()
                progress(done, len(tasks), "measuring")
        return len(todo)

    def result(self, content: str) -> dict[str, Any]:
        """What was seen of the preset `content`; as `_plain` wrote it."""
        return json.loads(self._file(content).read_bytes())  # type: ignore[no-any-return]

    def thumbs(self, content: str) -> Iterator[bytes]:
        """Its pictures, PNG."""
        for number in range(len(self.rig.thumbs)):
            path = self._file(content).with_suffix(f".{number}.png")
            if path.is_file():
                yield path.read_bytes()

    def _file(self, content: str) -> Path:
        return result_file(self.place, content)


def result_file(place: Path, content: str) -> Path:
    """Where the result of the preset `content` is kept."""
    return place / content[:2] / f"{content}.json"


def _work(rig: Rig, modules: Path, place: Path, batch: Sequence[Task]) -> int:
    """Measure a batch in a browser of its own."""
    with Probe(rig, rig_files(modules)) as probe:
        for task in batch:
            _keep(place, task.content, probe.see(task.text))
    return len(batch)


def _keep(place: Path, content: str, seen: Probed) -> None:
    """Write a result; the JSON comes last and at once, so that what is there is whole."""
    path = result_file(place, content)
    path.parent.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(seen.thumbs):
        path.with_suffix(f".{number}.png").write_bytes(picture)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(canonical_json(_plain(seen)))
    part.replace(path)


def _plain(seen: Probed) -> Mapping[str, Any]:
    return {
        "fault": seen.fault,
        "detail": seen.detail,
        "metrics": seen.metrics,
        "frames": seen.frames,
        "response": seen.response,
        "timing": seen.timing,
    }


def _code(modules: Path) -> str:
    """sha256 of what computes results: the page, the renderer, and our own arithmetic."""
    own = [Path(__file__).with_name(f"{name}.py") for name in ("metrics", "stimuli", "probe")]
    digest = sha256()
    for name, content in sorted(rig_files(modules).items()):
        digest.update(name.encode() + content)
    for path in own:
        digest.update(path.read_bytes())
    return digest.hexdigest()
