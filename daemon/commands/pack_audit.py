"""`aivjd pack audit`: is every file and metric of a pack worth keeping?"""

from __future__ import annotations

import argparse
import json


def pack_audit(args: argparse.Namespace) -> int:
    """Print the findings; exit code 1 when something decides nothing or is not what it looks like."""
    from models.audit.audit import CLASSES, audit
    from models.audit.page import page

    found = audit(args.pack)
    if args.html:
        args.html.write_text(page(found), encoding="utf-8")
    if args.json:
        print(json.dumps(found.to_json(), indent=1))
        return 1 if found.faults else 0
    counts = found.to_json()["counts"]
    print(f"{args.pack}: " + ", ".join(f"{counts[grade]} {grade}" for grade in CLASSES))
    for one in found.findings:
        if one.kind == "metric" or one.grade == "waste":
            print(f"  {one.grade:<5} {one.name}: {one.evidence}{'; ' + one.remedy if one.remedy else ''}")
    for note in found.notes:
        print(f"  note: {note}")
    for fault in found.faults:
        print(f"  FAULT {fault}")
    return 1 if found.faults else 0
