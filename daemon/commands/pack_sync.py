"""`aivjd pack sync` and `aivjd pack convert`."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack

from daemon.commands.steps import steps_bar
from daemon.errors import UsageError
from daemon.fingerprint import tool_version


def pack_sync(args: argparse.Namespace) -> int:
    """Make a pack from files, and say what became of them."""
    from models.convert.converter import Converter
    from models.convert.preset import Shaders
    from models.errors import ConverterError
    from models.packs.hygiene import Blacklist, Sampling, read_names
    from models.packs.layer import Reader
    from models.packs.source_paths import PathMap
    from models.packs.sync import Plan, summary, sync
    from selector.manifests import path_key

    if args.limit < 0:
        raise UsageError("--limit must not be negative", fix="give another number")
    if (args.sample == "list") != (args.list is not None):
        raise UsageError("--sample list and --list FILE go together", fix="give both or none")
    converting = args.pack_command == "convert"
    blacklist = Blacklist()
    for path in args.blacklist:
        blacklist.add_file(path)
    listed = frozenset(path_key(name) for name in read_names(args.list)) if args.list else frozenset()
    plan = Plan(
        args.source,
        stage=converting or args.form == "stage",
        recurse=converting or args.recurse,
        sampling=Sampling(args.sample, args.limit, args.seed, listed),
        blacklist=blacklist,
        maps=() if converting else tuple(PathMap.parse(text) for text in args.map),
        strict=not converting and args.strict,
    )
    with ExitStack() as stack:
        shaders = None
        if plan.stage:
            try:
                converter = stack.enter_context(Converter())
            except ConverterError as error:
                if converting:
                    raise
                print(f"aivjd: {error} Presets with shaders are left out.", file=sys.stderr)
                converter = None
            shaders = Shaders(converter)
        report = sync(
            plan,
            args.out or args.source,
            Reader(shaders),
            dry_run=args.out is None or (not converting and args.dry_run),
            tool_version=tool_version(),
            progress=steps_bar(),
        )
    for name, value in summary(report):
        print(f"{name}: {value}")
    for reason, count in report.refused.counts.most_common():
        path, why = report.refused.examples[reason]
        print(f"  {count} x {why} ({path})")
    if args.table:
        command = f"aivjd pack {args.pack_command} {args.source} --table {args.table}"
        page = report.refused.markdown("What of a folder of presets can be used", command, summary(report))
        args.table.write_text(page, encoding="utf-8")
    return 0
