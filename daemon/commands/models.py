"""`aivjd models`: makes what models are trained with. The offline packages are imported here alone."""

from __future__ import annotations

import argparse
import sys

from daemon.errors import UsageError


def models(args: argparse.Namespace) -> int:
    """`aivjd models make-music`."""
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
        progress=_progress if sys.stderr.isatty() else None,
    )
    print(f"{args.out}: {manifest.clips} clips, {manifest.hours:.2f} h")
    for category, count in manifest.categories.items():
        print(f"  {category:<16} {count}")
    return 0


def _progress(done: int, total: int) -> None:
    bar = "#" * (30 * done // max(total, 1))
    print(
        f"\r[{bar:<30}] {done}/{total} clips", end="\n" if done >= total else "", file=sys.stderr, flush=True
    )
