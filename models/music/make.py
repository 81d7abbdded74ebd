"""Makes clips to train and to judge with: the choice among all kinds, and the folder they are written to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import soundfile

from models.errors import ModelsError
from models.music import electronic, transitions
from models.music.clip import Clip, Split, Truth, random_for

KINDS: dict[str, float] = {"electronic": 0.45, "band": 0.45, "negatives": 0.1}
"""Kinds of clips and their shares. `band` and `negatives` need packages that `machine` names."""
AUGMENTED = 0.6
"""Share of clips that go through rooms, codecs, noise and other damage; the others stay clean."""
MEAN_SECONDS = 46.0
"""Length of a clip on average: settles how many make an hour."""
_TRANSITIONS = 0.22


class Plan(NamedTuple):
    """What a folder of clips is to hold.

    Attributes:
        seed: with the number of a clip and the split it settles every sample.
        split: families that may be used.
        kinds: keys of `KINDS`, in the shares that these have among one another.
        clean: no augmentation at all.
    """

    seed: int
    split: Split
    kinds: tuple[str, ...] = tuple(KINDS)
    clean: bool = False


class Manifest(msgspec.Struct, kw_only=True):
    """What a folder of clips holds: how it came about, and what is in it."""

    seed: int
    split: Split
    kinds: list[str]
    clean: bool
    clips: int
    hours: float
    categories: dict[str, int]
    versions: dict[str, str]
    sound_fonts: dict[str, str]


def make_clip(seed: int, index: int, split: Split) -> Clip:
    """Clip number `index` of a seed: the same arguments give the same samples.

    Raises:
        ModelsError: something that band music or speech needs is not installed.
    """
    return make_planned(Plan(seed, split), index)


def make_planned(plan: Plan, index: int) -> Clip:
    """Clip number `index` of a plan.

    Raises:
        ModelsError: an unknown kind, or something that a kind needs is not installed.
    """
    rng = random_for(plan.seed, plan.split, index)
    if not plan.kinds or not set(plan.kinds) <= set(KINDS):
        raise ModelsError(
            f"kinds of clips: {', '.join(plan.kinds) or 'none'}",
            where="models.music.make",
            fix=f"name some of {', '.join(KINDS)}",
        )
    clip = _of_kind(rng, plan, _drawn(rng, {kind: KINDS[kind] for kind in plan.kinds}))
    if not plan.clean and rng.random() < AUGMENTED:
        from models.music import augment

        clip = augment.apply(rng, clip, plan.split)
    clip.truth.id = f"{plan.split}-{plan.seed}-{index:05d}"
    return clip


def _drawn(rng: np.random.Generator, weights: dict[str, float]) -> str:
    names = list(weights)
    shares = np.array([weights[name] for name in names])
    return names[int(rng.choice(len(names), p=shares / shares.sum()))]


def _of_kind(rng: np.random.Generator, plan: Plan, kind: str) -> Clip:
    if kind == "negatives":
        from models.music import negatives

        return negatives.make(rng, plan.split)
    if kind == "band":
        from models.music import band

        return band.make(rng, plan.split)

    def source(rng: np.random.Generator) -> Clip:
        if "band" in plan.kinds and rng.random() < 0.2:
            return _of_kind(rng, plan, "band")
        return electronic.make(rng, plan.split, _drawn(rng, electronic.CATEGORIES))

    if rng.random() < _TRANSITIONS:
        return transitions.make(rng, _drawn(rng, transitions.CATEGORIES), source)
    return electronic.make(rng, plan.split, _drawn(rng, electronic.CATEGORIES))


def write_clip(folder: Path, plan: Plan, index: int) -> Truth:
    """Make a clip and write `00042.flac` and `00042.json`; where the latter lies, the clip is whole."""
    path = folder / f"{index:05d}"
    clip = make_planned(plan, index)
    deep = random_for(plan.seed, plan.split, index, "format").random() < 0.25
    draft = path.with_suffix(".part")
    soundfile.write(draft, clip.samples, clip.rate, format="FLAC", subtype="PCM_24" if deep else "PCM_16")
    draft.replace(path.with_suffix(".flac"))
    draft.write_bytes(msgspec.json.encode(clip.truth))
    draft.replace(path.with_suffix(".json"))
    return clip.truth


def make_folder(
    folder: Path,
    plan: Plan,
    hours: float,
    *,
    first: int = 0,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Make the clips of about `hours` hours that are not there yet, and the folder's `manifest.json`.

    Args:
        folder: made if it is not there.
        plan: what to make. A folder made by another plan is refused.
        hours: amount of audio in all; the number of clips follows from the mean length.
        first: number of the first clip.
        jobs: processes.
        progress: told how many of how many clips are there.

    Raises:
        ModelsError: the folder holds clips of another plan, or something is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _check_plan(folder, plan)
    _write_manifest(folder, plan)  # before the first clip: interrupted work, too, knows its plan
    count = max(round(hours * 3600 / MEAN_SECONDS), 1)
    missing = [i for i in range(first, first + count) if not (folder / f"{i:05d}.json").exists()]
    for k, _ in enumerate(_made(folder, plan, missing, jobs)):
        if progress is not None:
            progress(count - len(missing) + k + 1, count)
    return _write_manifest(folder, plan)


def _made(folder: Path, plan: Plan, indices: list[int], jobs: int) -> Iterator[Truth]:
    if jobs <= 1:
        yield from (write_clip(folder, plan, index) for index in indices)
        return
    # A fresh interpreter for each process: the synthesiser's library does not survive a fork.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(write_clip, folder, plan, index) for index in indices]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _check_plan(folder: Path, plan: Plan) -> None:
    path = folder / "manifest.json"
    if not path.exists():
        return
    found = msgspec.json.decode(path.read_bytes(), type=Manifest)
    if Plan(found.seed, found.split, tuple(found.kinds), found.clean) != plan:
        raise ModelsError(
            f"{folder} holds clips of seed {found.seed}, split {found.split}, kinds {', '.join(found.kinds)}",
            where="models.music.make",
            fix="use the same options, or another folder",
        )


def _write_manifest(folder: Path, plan: Plan) -> Manifest:
    manifest = _manifest(folder, plan)
    (folder / "manifest.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    )
    return manifest


def _manifest(folder: Path, plan: Plan) -> Manifest:
    categories: dict[str, int] = {}
    seconds = 0.0
    paths = sorted(folder.glob("[0-9]*.json"))
    for path in paths:
        truth = msgspec.json.decode(path.read_bytes(), type=Truth)
        categories[truth.category] = categories.get(truth.category, 0) + 1
        seconds += truth.duration
    return Manifest(
        seed=plan.seed,
        split=plan.split,
        kinds=list(plan.kinds),
        clean=plan.clean,
        clips=len(paths),
        hours=round(seconds / 3600, 3),
        categories=dict(sorted(categories.items())),
        versions={name: version(name) for name in ("aivjd", "numpy", "soundfile")},
        sound_fonts=_sound_fonts(plan),
    )


def _sound_fonts(plan: Plan) -> dict[str, str]:
    """Sound fonts of the clips, and the packages whose copyright files state their licences."""
    if "band" not in plan.kinds:
        return {}
    from models.music.machine import fonts

    return {font.file: f"Debian package {font.package}" for font in fonts(plan.split)}
