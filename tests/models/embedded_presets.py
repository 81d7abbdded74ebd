"""A small library of made-up .milk presets: versions of a few dozen ideas, under titles that say so."""

from __future__ import annotations

from pathlib import Path

IDEAS, VERSIONS = 24, 3


def text(idea: int, version: int) -> str:
    """One preset; versions of an idea share most lines and differ in constants and one line."""
    lines = ["[preset00]", f"fDecay={0.9 + idea * 0.003:.4f}", f"zoom={1 + version * 0.01:.2f}"]
    lines += [f"warp={idea % 7}", f"rot={idea % 5 * 0.01:.2f}"]
    for line in range(8):
        lines.append(
            f"per_frame_{line + 1}=idea{idea}_{line} = bass{line}*{idea + line}.5 + q{1 + idea % 8};"
        )
    lines.append(f"per_frame_9=version{version} = treb*{version + 1};")
    return "\r\n".join(lines) + "\r\n"


def library(folder: Path) -> Path:
    """`IDEAS` times `VERSIONS` presets, one of them twice, and a file that is none."""
    (folder / "more").mkdir(parents=True)
    for idea in range(IDEAS):
        for version in range(VERSIONS):
            mark = ("", " (night mix)", " 2 remix")[version]
            name = f"Author{idea % 5} - silver {chr(97 + idea) * 4} river{mark}.milk"
            (folder / name).write_text(text(idea, version), encoding="utf-8", newline="")
    (folder / "more" / "Copy - of the first.milk").write_text(text(0, 0), encoding="utf-8", newline="")
    (folder / "more" / "broken.milk").write_bytes(b"\0\1\2")
    return folder
