"""`aivjd pack`: builds and checks packs. The offline packages are imported here and nowhere in the show."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from daemon.commands.steps import steps_bar
from daemon.fingerprint import tool_version


def pack(args: argparse.Namespace) -> int:
    """Dispatch to the action."""
    if args.pack_command in ("sync", "convert"):
        from daemon.commands.pack_sync import pack_sync

        return pack_sync(args)
    if args.pack_command == "measure":
        from daemon.commands.pack_measure import pack_measure

        return pack_measure(args)
    if args.pack_command == "audit":
        from daemon.commands.pack_audit import pack_audit

        return pack_audit(args)
    return {"build": _build, "check": _check, "gate": _gate}[args.pack_command](args)


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


def _gate(args: argparse.Namespace) -> int:
    from models.pairs.evidence import read_evidence
    from models.pairs.quality_file import judge_file

    verdict = judge_file(args.pack, read_evidence(args.evidence))
    if args.json:
        print(json.dumps({"passed": verdict.passed, "rules": [asdict(f) for f in verdict.findings]}))
        return 0 if verdict.passed else 1
    for finding in verdict.findings:
        print(f"{'holds' if finding.passed else 'FAILS'}  {finding.rule:<12} {finding.text}")
    print(f"{args.pack}: {'passes' if verdict.passed else 'fails: ' + ', '.join(verdict.failed)}")
    return 0 if verdict.passed else 1
