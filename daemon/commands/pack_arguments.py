"""The arguments of `aivjd pack`. Imports nothing of the offline rooms: it is read at every start."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_pack(pack: argparse.ArgumentParser) -> None:
    """Add the actions and their arguments."""
    actions = pack.add_subparsers(dest="pack_command", metavar="ACTION", required=True)
    _add_build(actions.add_parser("build", help="real presets into a pack of pairs and singles"))
    _add_sync(actions.add_parser("sync", help="a folder of .milk files, or of pairs with manifest.jsonl"))
    _add_convert(actions.add_parser("convert", help="presets, also in folders below, to what the stage runs"))
    _add_measure(actions.add_parser("measure", help="render every preset; write down what was seen"))
    check = actions.add_parser("check", help="is a pack whole and readable?")
    check.add_argument("pack", type=Path, metavar="DIR")
    _add_audit(actions.add_parser("audit", help="is every file and metric of a pack worth keeping?"))
    _add_gate(
        actions.add_parser(
            "gate",
            help="do the learned scores of a pack mean anything?",
            description="Exit code 0: every rule holds; 1: one does not; 2: no such table.",
        )
    )


def _add_build(build: argparse.ArgumentParser) -> None:
    build.add_argument(
        "--from",
        dest="source",
        type=Path,
        required=True,
        metavar="PACKAGE",
        help="installed npm package butterchurn-presets",
    )
    build.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the pack's folder; its name is the pack's"
    )
    build.add_argument("--pairs", type=int, default=96)
    build.add_argument("--presets", type=int, default=240)
    build.add_argument("--seed", type=int, default=1)
    build.add_argument("--verbose", action="store_true", help="name every refused preset with its reason")


def _add_gate(gate: argparse.ArgumentParser) -> None:
    gate.add_argument("pack", type=Path, metavar="DIR")
    gate.add_argument(
        "--evidence",
        type=Path,
        required=True,
        metavar="FILE",
        help="Parquet: what the model said beside what was measured, on families it was not trained on",
    )
    gate.add_argument("--json", action="store_true", help="what each rule found as JSON")


def _add_sync(sync: argparse.ArgumentParser) -> None:
    sync.add_argument(
        "source", type=Path, metavar="SOURCE", help="folder of presets, or with a manifest.jsonl"
    )
    sync.add_argument("--out", type=Path, required=True, metavar="DIR", help="the pack's folder")
    sync.add_argument(
        "--as",
        dest="form",
        choices=("stage", "milk"),
        default="stage",
        help="converted for our stage (default), or as they are, for the app",
    )
    sync.add_argument("--recurse", action="store_true", help="take the folders below SOURCE, too")
    sync.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FROM=TO",
        help="paths of the manifest that begin with FROM lie in TO; may be given again",
    )
    sync.add_argument("--strict", action="store_true", help="fail where anything is missing or unusable")
    sync.add_argument("--dry-run", action="store_true", help="write nothing, only say what would be")
    _add_choice(sync)


def _add_convert(convert: argparse.ArgumentParser) -> None:
    convert.add_argument("source", type=Path, metavar="SOURCE", help="folder of presets")
    convert.add_argument(
        "--out", type=Path, metavar="DIR", help="the pack's folder; without it, only the table"
    )
    _add_choice(convert)


def _add_choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sample", choices=("first", "reservoir", "list"), default="first")
    parser.add_argument("--list", type=Path, metavar="FILE", help="paths to take, one a line (--sample list)")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="at most so many")
    parser.add_argument("--seed", type=int, default=1, help="of --sample reservoir")
    parser.add_argument(
        "--blacklist",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="never these: quality-blacklist.json, or one path a line; may be given again",
    )
    parser.add_argument("--table", type=Path, metavar="FILE", help="write the reasons as a Markdown table")


def _add_measure(measure: argparse.ArgumentParser) -> None:
    measure.add_argument("pack", type=Path, metavar="DIR", help="the pack's folder")
    measure.add_argument(
        "--stimuli",
        default="music",
        metavar="A,B",
        help="of music, kick, hats, pad, silence, floor; the first one judges",
    )
    measure.add_argument("--frames", type=int, default=75, metavar="N", help="rendered, at 30 a second")
    measure.add_argument("--settled", type=int, default=25, metavar="N", help="the first frame that counts")
    measure.add_argument("--workers", type=int, default=1, metavar="N", help="browsers at the same time")
    measure.add_argument("--cache", type=Path, metavar="DIR", help="where results are kept between campaigns")
    measure.add_argument("--rig", default="", metavar="URL", help="another renderer: a page with a rig")


def _add_audit(audit: argparse.ArgumentParser) -> None:
    audit.add_argument("pack", type=Path, metavar="DIR")
    audit.add_argument("--html", type=Path, metavar="FILE", help="write the findings as a page")
    audit.add_argument("--json", action="store_true", help="all findings as JSON")
