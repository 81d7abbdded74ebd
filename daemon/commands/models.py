"""`aivjd models`: what models are trained with, training, scores. Imports the offline packages when run."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from importlib.util import find_spec

from daemon.errors import MissingError, UsageError


def models(args: argparse.Namespace) -> int:
    """Dispatch to the action."""
    actions = {
        "make-music": _make_music,
        "train-beats": _train_beats,
        "train-onsets": _train_onsets,
        "score-beats": _score_beats,
        "train-quality": _train_quality,
        "embed": _embed,
        "similar": _similar,
    }
    return actions[args.models_command](args)


def _make_music(args: argparse.Namespace) -> int:
    from models.music.make import Plan, make_folder

    if args.hours <= 0 or args.first < 0 or args.jobs < 1:
        raise UsageError(
            "--hours and --jobs must be positive, --first must not be negative", fix="give other numbers"
        )
    manifest = make_folder(
        args.out,
        Plan(args.seed, args.split, tuple(args.kinds), args.clean),
        args.hours,
        first=args.first,
        jobs=args.jobs,
        progress=show_progress if sys.stderr.isatty() else None,
    )
    print(f"{args.out}: {manifest.clips} clips, {manifest.hours:.2f} h")
    for category, count in manifest.categories.items():
        print(f"  {category:<16} {count}")
    return 0


def _train_beats(args: argparse.Namespace) -> int:
    if find_spec("torch") is None:
        raise MissingError("training needs torch", fix="install the extra `aivjd[models]`")
    from models.beatnet.train import Recipe, train

    if args.steps < 1 or args.hidden < 32:
        raise UsageError("--steps must be positive, --hidden at least 32", fix="give other numbers")
    recipe = Recipe(steps=args.steps, seed=args.seed, hidden=args.hidden)
    print(train(args.data, args.valid, args.out, recipe, _say, args.device))
    return 0


def _train_onsets(args: argparse.Namespace) -> int:
    if find_spec("torch") is None:
        raise MissingError("training needs torch", fix="install the extra `aivjd[models]`")
    from models.onsets.train import Recipe, train

    if args.steps < 1:
        raise UsageError("--steps must be positive", fix="give another number")
    print(train(args.data, args.valid, args.out, Recipe(steps=args.steps, seed=args.seed), _say))
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _score_beats(args: argparse.Namespace) -> int:
    from daemon.commands.score_beats import score_beats

    return score_beats(args)


def _train_quality(args: argparse.Namespace) -> int:
    from models.quality.data import rows_of_package
    from models.quality.train import CARD_FILE, train

    progress = _show_steps if sys.stderr.isatty() else _no_steps
    report = train(rows_of_package(args.presets, progress), args.out, seed=args.seed)
    print(json.dumps(report) if args.json else (args.out / CARD_FILE).read_text(encoding="utf-8"))
    return 0 if report["passed"] else 1


def _show_steps(done: int, total: int, what: str) -> None:
    end = "\n" if done >= total else ""
    print(f"\r{what}: {done}/{total}", end=end, file=sys.stderr, flush=True)


def _no_steps(_done: int, _total: int, _what: str) -> None:
    return None


def _embed(args: argparse.Namespace) -> int:
    from models.embed.make import make_code_view

    made = make_code_view(args.presets, args.out)
    if args.json:
        print(json.dumps(asdict(made.about)))
        return 0
    about = made.about
    print(f"{args.out}: {about.count} presets, view {about.view}, {len(made.refused)} files refused")
    for name, text in about.measured.items():
        print(f"  {name:<10} {text}")
    return 0


def _similar(args: argparse.Namespace) -> int:
    from models.embed.make import similar

    name, found, stored = similar(args.embedding, args.preset, args.count)
    if args.json:
        rows = [{"id": n.id, "name": stored.names[n.id], "cosine": round(n.cosine, 6)} for n in found]
        print(json.dumps({"id": name, "name": stored.names[name], "nearest": rows}))
        return 0
    print(f"{name[:12]}  {stored.names[name]}")
    for neighbour in found:
        print(f"  {neighbour.cosine:6.3f}  {neighbour.id[:12]}  {stored.names[neighbour.id]}")
    return 0


def show_progress(done: int, total: int) -> None:
    """A bar on the terminal, in clips."""
    bar = "#" * (30 * done // max(total, 1))
    print(
        f"\r[{bar:<30}] {done}/{total} clips", end="\n" if done >= total else "", file=sys.stderr, flush=True
    )
