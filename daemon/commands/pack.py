"""`aivjd pack`: builds and checks packs. The offline packages are imported here and nowhere in the show."""

from __future__ import annotations

import argparse

from daemon.commands.steps import steps_bar
from daemon.fingerprint import tool_version


def pack(args: argparse.Namespace) -> int:
    """Dispatch to the action."""
    if args.pack_command in ("sync", "convert"):
        from daemon.commands.pack_sync import pack_sync

        return pack_sync(args)
    return _build(args) if args.pack_command == "build" else _check(args)


def _build(args: argparse.Namespace) -> int:
    from models.packs.demo import build_demo

    built = build_demo(
        args.source,
        args.out,
        pairs=args.pairs,
        singles=args.presets,
        seed=args.seed,
        tool_version=tool_version(),
        progress=steps_bar(),
    )
    print(
        f"{built.folder}: {built.pairs} pairs and {built.singles} presets from {built.scanned} files, "
        f"{len(built.refused)} of them refused (--verbose says why)"
    )
    for name, reason in built.refused if args.verbose else ():
        print(f"  {name}: {reason}")
    return 0


def _check(args: argparse.Namespace) -> int:
    from models.packs.check import check_pack

    problems = check_pack(args.pack)
    for problem in problems:
        print(problem)
    print(f"{args.pack}: {'good' if not problems else f'{len(problems)} problems'}")
    return 1 if problems else 0
