"""Session folders that somebody tampered with: one sentence, no traceback, and never a false "identical"."""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import soundfile
from sessions import HOP, RATE, copied, header_of, record

from daemon.cli import main
from daemon.config import Config
from daemon.errors import SessionError
from daemon.session import SessionReader, file_sha256
from selector.canonical import HashChain, canonical
from selector.catalog import Catalog, Pack, Table

MEANT = ("v", "seed", "rate", "hop", "configSha256", "catalogSha256", "start", "closed")
"""What `verify` vouches for in a header; the rest are labels, and it says itself of code and platform."""
ANSWERS: list[dict[str, Any]] = [
    {"type": "command", "sample": 3 * RATE // HOP * HOP, "verb": "next", "arg": None, "origin": "test"},
    *(
        {"type": "ack", "sample": int(second * RATE) // HOP * HOP, "seq": 1, "phase": "shown", "client": "a"}
        for second in (2.2, 3.3, 4.4)
    ),
    {
        "type": "clock",
        "sample": 3 * RATE // HOP * HOP,
        "source": "midi",
        "bpm": 124.0,
        "beat": 3 * RATE,
        "place": 1,
        "metre": 4,
        "running": True,
    },
    {"type": "report", "sample": 4 * RATE // HOP * HOP, "client": "a", "luma01": 0.5, "fps": 60.0},
]


INPUTS = sorted(ANSWERS, key=lambda entry: entry["sample"])


@pytest.fixture(scope="module")
def original(
    tmp_path_factory: pytest.TempPathFactory, demo_pack: Path, music: Callable[..., np.ndarray]
) -> Path:
    """Four seconds out of the middle of a show, with two states and a change of packs on the way."""
    folder = tmp_path_factory.mktemp("hostile") / "part"
    header = header_of(demo_pack)
    whole = Catalog.from_json(canonical(header.catalog))
    fewer = Catalog([Pack("demo", whole.packs["demo"].pairs, Table("preset", "demo", ()))])
    change = {"type": "packs", "sample": 3 * RATE // HOP * HOP, "sha256": fewer.sha256}
    inputs = sorted([*INPUTS, change], key=lambda entry: entry["sample"])
    folders = record(folder, header, music(54, 7.9), inputs, state_s=1.4, rotate_s=2.0, stock=[fewer])
    part = folders[1]
    assert SessionReader(part).start is not None
    assert main(["verify", "--jobs", "1", str(part)]) == 0
    assert len((part / "picks.jsonl").read_bytes().splitlines()) >= 2
    return part


def meaning(folder: Path, *, forged: bool) -> Any:
    """All that `verify` vouches for: what an edit may not change without being seen.

    An input that was edited and sealed again and changes no decision and no state (who sent it, say) is
    beyond any replay; so of `forged` inputs all else must be as it was.
    """
    header = json.loads((folder / "session.json").read_bytes())
    kept = {name: header[name] for name in MEANT}
    kept["start"] = {name: header["start"][name] for name in ("sample", "sha256", "prev")}
    kept["catalog"] = Catalog.from_json(canonical(header["catalog"])).sha256
    kept["config"] = msgspec.convert(header["config"], Config).decision_sha256()
    if header["closed"] is None:
        return kept, {}
    names = set(header["closed"]["files"]) - ({"inputs.jsonl"} if forged else set())
    kept["closed"] = header["closed"]["samples"]
    return kept, {name: (folder / name).read_bytes() for name in names}


def check(folder: Path, original: Path, what: str) -> int:
    """Verify; the exit code is one of the known ones, and 0 only for what means the same."""
    began = time.monotonic()
    code = main(["verify", "--jobs", "1", str(folder)])
    assert time.monotonic() - began < 20, what
    assert code in (0, 1, 2, 3), what
    if code == 0:
        assert all(plain(path) for path in folder.rglob("*.*")), what
        forged = "forge_log inputs" in what
        try:
            same = meaning(folder, forged=forged) == meaning(original, forged=forged)
        except (OSError, ValueError, KeyError, TypeError):
            same = False
        assert same or unfinished(folder, original, forged=forged), f"a false 'identical': {what}"
    return code


def unfinished(folder: Path, original: Path, *, forged: bool) -> bool:
    """Without a clean end, what is there must be a beginning of what was, but for `forged` inputs."""
    if json.loads((folder / "session.json").read_bytes()).get("closed") is not None:
        return False
    for log in ("picks", "events") if forged else ("inputs", "picks", "events"):
        damaged, good = ((f / f"{log}.jsonl").read_bytes() for f in (folder, original))
        if not good.startswith(damaged[: damaged.rfind(b"\n") + 1]):
            return False
    return True


# -- mutations


def flip(path: Path, dice: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    path.write_bytes(data)


def cut(path: Path, dice: random.Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: dice.randrange(len(data))])


def swap(path: Path, dice: random.Random) -> None:
    data = bytearray(path.read_bytes())
    size = dice.randrange(1, max(2, min(400, len(data) // 2)))
    a, b = sorted(dice.sample(range(len(data) - size), 2))
    data[a : a + size], data[b : b + size] = data[b : b + size], data[a : a + size]
    path.write_bytes(data)


def repeat(path: Path, dice: random.Random) -> None:
    data = path.read_bytes()
    at = dice.randrange(len(data))
    path.write_bytes(data[:at] + data[max(0, at - 300) :])


def noise(path: Path, dice: random.Random) -> None:
    path.write_bytes(dice.randbytes(dice.choice([0, 1, 100, 5000])))


def longer(path: Path, dice: random.Random) -> None:
    with path.open("ab") as file:
        file.write(dice.choice([b"\n", b"\0" * 5000, b"{}\n", b"[" * 200_000, b"9" * 5000 + b"\n"]))


def remove(path: Path, dice: random.Random) -> None:
    path.unlink()


def link(path: Path, dice: random.Random) -> None:
    path.unlink()
    path.symlink_to(
        dice.choice(["/dev/zero", "/etc/passwd", "../part-1/" + path.name, path.name, "/proc/self/mem"])
    )


def pipe(path: Path, dice: random.Random) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path, dice: random.Random) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = (flip, flip, flip, cut, swap, repeat, noise, longer, remove, link, pipe, folder)
ODD: list[Any] = [
    *(
        None,
        True,
        -1,
        0,
        1,
        2**31,
        2**53,
        2**63,
        2**64,
        10**400,
        -(10**30),
        1e308,
        0.1,
        "",
        "x",
        "../../etc/passwd",
    ),
    *("/etc/passwd", "\0", "\ud7ff" * 9, [], {}, [[]], {"a": {}}, "0" * 64, "f" * 64, ["x"] * 10_000),
]


def odd_value(node: Any, dice: random.Random) -> None:
    """Put something odd somewhere into an object."""
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = dice.choice(keys)
        inner = node[key]
        if isinstance(inner, dict | list) and inner and dice.random() < 0.8:
            node = inner
            continue
        match dice.randrange(4):
            case 0 if isinstance(node, dict):
                del node[key]
            case 1 if isinstance(node, dict):
                node[dice.choice(["x", "../y", "states/1.bin", ""])] = node.pop(key)
            case _:
                node[key] = dice.choice(ODD)
        return


def edit_header(path: Path, dice: random.Random) -> None:
    header = json.loads(path.read_bytes())
    part = dice.choice(
        [header, header, header["closed"], header["start"], header["config"], header["catalog"]]
    )
    odd_value(part, dice)
    path.write_text(json.dumps(header))


def forge_log(path: Path, dice: random.Random) -> None:
    """Edit a record, seal all again, and mend the clean end: only the replay can tell."""
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    prev = lines[0]["prev"]
    match dice.randrange(4):
        case 0:
            lines.pop(dice.randrange(len(lines)))
        case 1:
            lines.insert(dice.randrange(len(lines)), dict(dice.choice(lines)))
        case _:
            odd_value(dice.choice(lines), dice)
    chain = HashChain(prev)
    sealed = []
    for line in lines:
        line.pop("hash", None), line.pop("prev", None)
        try:
            sealed.append(canonical(chain.seal(line)))
        except ValueError:
            continue  # such a number cannot even be written
    path.write_bytes(b"".join(line + b"\n" for line in sealed))
    mend(path.parent)


def plain(path: Path) -> bool:
    """Whether it can be read at all: a pipe would wait for ever, a link may lead to endless zeros."""
    return path.is_file() and not path.is_symlink()


def mend(folder: Path) -> None:
    if not plain(folder / "session.json"):
        return  # the damage before made it a pipe
    header = json.loads((folder / "session.json").read_bytes())
    files = header["closed"]["files"]
    files.update({name: file_sha256(folder / name) for name in files if plain(folder / name)})
    (folder / "session.json").write_text(json.dumps(header))


def forge_state(path: Path, dice: random.Random) -> None:
    """A state of another moment, or of nothing, under the right name."""
    others = sorted(path.parent.glob("*.bin"))
    path.write_bytes(dice.choice(others).read_bytes() if dice.random() < 0.5 else dice.randbytes(300))
    mend(path.parent.parent)


def mutate(target: Path, dice: random.Random) -> str:
    """One or two damages; says which."""
    told = []
    for _ in range(dice.choice([1, 1, 2])):
        path = dice.choice([p for p in sorted(target.rglob("*.*")) if plain(p)])
        damage: Callable[[Path, random.Random], None] = dice.choice(DAMAGES)
        if dice.random() < 0.5:
            if path.name == "session.json":
                damage = edit_header
            elif path.suffix == ".jsonl":
                damage = forge_log
            elif path.suffix == ".bin":
                damage = forge_state
        try:
            damage(path, dice)
        except (ValueError, OSError, LookupError, TypeError, RecursionError):
            continue  # what was damaged before cannot be edited any more
        told.append(f"{damage.__name__} {path.name}")
    if dice.random() < 0.1 and plain(target / "session.json"):
        try:
            header = json.loads((target / "session.json").read_bytes())
            header["closed"] = None
            (target / "session.json").write_text(json.dumps(header))
            told.append("no clean end")
        except (OSError, ValueError, TypeError):
            pass
    return ", ".join(told)


def fuzz(original: Path, tmp_path: Path, seeds: range) -> dict[int, int]:
    codes: dict[int, int] = {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in seeds:
        target = copied(original, tmp_path / f"{seed}" / "session")
        what = mutate(target, random.Random(seed))
        code = check(target, original, f"seed {seed}: {what}")
        codes[code] = codes.get(code, 0) + 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB
    return codes


def test_tampered_folders(original: Path, tmp_path: Path) -> None:
    codes = fuzz(original, tmp_path, range(250))
    assert codes[1] > 50
    assert codes[2] > 10


@pytest.mark.slow
def test_many_tampered_folders(original: Path, tmp_path: Path) -> None:
    """AIVJD_FUZZ says how many; 2000 take some minutes."""
    fuzz(original, tmp_path, range(1000, 1000 + int(os.environ.get("AIVJD_FUZZ", "250"))))


# -- single cases that a fuzzer would rarely meet


@pytest.fixture
def session(original: Path, tmp_path: Path) -> Path:
    return copied(original, tmp_path / "session")


def edited(session: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    header = json.loads((session / "session.json").read_bytes())
    change(header)
    (session / "session.json").write_text(json.dumps(header))
    return session


def test_the_original_is_identical(original: Path) -> None:
    assert main(["verify", "--jobs", "1", str(original)]) == 0


@pytest.mark.parametrize(
    "name",
    ["../session.json", "/etc/passwd", "states/../../x", "states/01.bin", "a\0b", "", "states/", "x" * 5000],
)
def test_names_that_lead_out_of_the_folder(
    session: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    edited(session, lambda h: h["closed"]["files"].update({name: "0" * 64}))
    assert main(["verify", "--jobs", "1", str(session)]) == 1
    assert "which is no file of this session" in capsys.readouterr().out
    with pytest.raises(SessionError):
        SessionReader(session).file_sha256(name)


def test_a_linked_folder_of_states_is_not_followed(session: Path, original: Path) -> None:
    for file in (session / "states").iterdir():
        file.unlink()
    (session / "states").rmdir()
    (session / "states").symlink_to(original / "states")
    assert main(["verify", "--jobs", "1", str(session)]) in (1, 2)


@pytest.mark.parametrize(
    "name", ["inputs.jsonl", "picks.jsonl", "events.jsonl", "session.json", "audio.flac"]
)
def test_gigantic_sparse_files(session: Path, name: str) -> None:
    """Two gigabytes of nothing at the end; in a process that gets little memory and little time."""
    os.truncate(session / name, 2 << 30)
    assert limited("verify", session).returncode in (1, 2)


def test_a_gigantic_state(session: Path) -> None:
    import zlib

    state = next(session.glob("states/*.bin"))
    state.write_bytes(zlib.compress(bytes(1 << 30), 9))
    mend(session)
    assert limited("verify", session).returncode in (1, 2)


def test_a_flac_that_claims_hours(session: Path) -> None:
    data = bytearray((session / "audio.flac").read_bytes())
    data[21] |= 0x0F  # the number of samples is 36 bits from here on
    data[22:26] = b"\xff\xff\xff\xff"
    (session / "audio.flac").write_bytes(data)
    assert limited("verify", session).returncode == 1
    edited(session, lambda h: h.update(closed=None))
    assert limited("verify", session).returncode in (0, 1)


def test_hours_of_silence_in_a_small_flac(session: Path) -> None:
    with soundfile.SoundFile(session / "audio.flac", "w", RATE, 2, format="FLAC", subtype="PCM_24") as file:
        for _ in range(1200):
            file.write(np.zeros((RATE, 2), dtype=np.int32))
    assert limited("verify", session).returncode == 1


@pytest.mark.parametrize(
    "text",
    [
        "[" * 500_000,
        '{"v":' * 200_000,
        '{"v":1' + "0" * 6000 + "}",
        "\x00",
        "",
        "null",
        "\ufeff{}",
        '{"v":1e999}',
    ],
    ids=["lists", "objects", "number", "zero", "empty", "null", "bom", "infinite"],
)
def test_headers_that_are_none(session: Path, text: str) -> None:
    (session / "session.json").write_text(text, encoding="utf-8")
    assert main(["verify", "--jobs", "1", str(session)]) == 2
    assert main(["replay", str(session)]) == 2


def test_deep_records(session: Path, original: Path) -> None:
    for log in ("inputs", "picks", "events"):
        path = session / f"{log}.jsonl"
        path.write_bytes(b'{"a":' + b"[" * 500_000 + b"]" * 500_000 + b"}\n")
        assert main(["verify", "--jobs", "1", str(session)]) == 1
        path.write_bytes((original / f"{log}.jsonl").read_bytes())


def test_a_missing_folder(tmp_path: Path) -> None:
    assert main(["verify", str(tmp_path / "none")]) == 2
    (tmp_path / "file").write_bytes(b"")
    assert main(["verify", str(tmp_path / "file")]) == 2


def limited(command: str, session: Path) -> subprocess.CompletedProcess[str]:
    """Run it with 1.5 GB of address space and half a minute of processor time."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (3 << 29, 3 << 29))
        resource.setrlimit(resource.RLIMIT_CPU, (30, 30))

    done = subprocess.run(
        [sys.executable, "-m", "daemon.cli", command, "--jobs", "1", str(session)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        preexec_fn=limit,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done
