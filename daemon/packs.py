"""Reads pack folders into the catalogue that the selector draws from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import unquote

import msgspec

from daemon.errors import AivjdError, ManifestError
from selector import manifests
from selector.catalog import Catalog, Pack, build_pack
from selector.errors import SelectorError
from selector.style_index import parse_style_index

PAIRS = "pairs-manifest.v0.json"
FILTERED = "pairs-manifest.filtered.current.json"
STAMP = ".stamp.json"
QUALITY = "pairs-quality.v0.json"
LIBRARY = "library-manifest.json"
RUN = "run-manifest.json"
STYLES = "aivj-style-index.v0.json"
MAX_MANIFEST = 256 << 20
NAMED_AT_MOST = 3
LEFT_OUT = "this pack is left out"

Parsed = TypeVar("Parsed")


class Loaded(NamedTuple):
    """What was found: the catalogue, each pack's folder by name, and what a person should know."""

    catalog: Catalog
    folders: dict[str, Path]
    warnings: list[str]


def places(dirs: Sequence[str], base: Path) -> list[Path]:
    """Where configured pack folders are: beside the configuration file, else below the current folder."""
    return [base / name if (base / name).exists() else Path(name) for name in dirs]


def manifests_of(place: Path) -> list[Path]:
    """Files that `load` may read of a pack, whether they are there or not."""
    folder = place.parent if place.is_file() else place
    named = [folder / name for name in (PAIRS, QUALITY, LIBRARY, RUN, STYLES)]
    return sorted({*named, *folder.glob("pairs-manifest*.json"), *([place] if place.is_file() else [])})


def load(places: Sequence[Path]) -> Loaded:
    """Read packs.

    Args:
        places: pack folders, or pairs manifests inside them (to play from a filtered one).

    A pack that cannot be used is left out with a warning, so that one broken manifest does not
    cost the show.

    Raises:
        ManifestError, SelectorError: no pack can be used; the sentence names file and key.
    """
    folders: dict[str, Path] = {}
    packs: list[Pack] = []
    warnings: list[str] = []
    broken: AivjdError | None = None
    for place in places:
        try:
            pack, folder = _load_pack(place, warnings)
            if pack.name in folders:
                raise ManifestError(
                    f"pack '{pack.name}' is loaded twice", where=str(place), fix="give each pack once"
                )
        except (ManifestError, SelectorError) as error:
            broken = broken or error
            warnings.append(f"{LEFT_OUT}: {error}")
            continue
        folders[pack.name] = folder
        packs.append(pack)
    if not packs and broken is not None:
        raise broken
    return Loaded(Catalog(packs), folders, warnings)


def _load_pack(place: Path, warnings: list[str]) -> tuple[Pack, Path]:
    folder = place.parent if place.is_file() else place
    if not folder.is_dir():
        raise ManifestError(
            "no such pack folder", where=str(place), fix="run `make setup`, or give --pack DIR"
        )
    pairs_file = place if place.is_file() else _pairs_manifest(folder)
    pairs = _parsed(pairs_file, manifests.parse_pairs)
    quality = _parsed(folder / QUALITY, manifests.parse_quality)
    library = _parsed(folder / LIBRARY, manifests.parse_library)
    run = _parsed(folder / RUN, manifests.parse_run)
    styles = _parsed(folder / STYLES, parse_style_index)
    if pairs is None and library is None:
        raise ManifestError(
            f"neither {PAIRS} nor {LIBRARY} is here", where=str(folder), fix="name a pack's folder"
        )
    for manifest in (pairs, library):
        warnings += getattr(manifest, "warnings", ())
    name = pairs.pack if pairs is not None else folder.name
    if pairs is not None:
        kept = tuple(p for p in pairs.pairs if _there(folder, name, p.fg_url, p.bg_url))
        _count_missing(warnings, folder, pairs.pairs, kept)
        pairs = msgspec.structs.replace(pairs, pairs=kept)
    if library is not None:
        found = tuple(p for p in library.presets if _there(folder, name, p.url))
        _count_missing(warnings, folder, library.presets, found)
        library = msgspec.structs.replace(library, presets=found)
    if pairs is not None and quality is not None and quality.pack != pairs.pack:
        warnings.append(
            f"{folder / QUALITY}: made for pack '{quality.pack}', not '{name}'; its qualities are ignored."
        )
    return build_pack(name, pairs, quality, library, run, styles), folder


def _pairs_manifest(folder: Path) -> Path:
    if (folder / PAIRS).exists():
        return folder / PAIRS
    if (folder / FILTERED).exists():
        return folder / FILTERED
    others = [path for path in folder.glob("pairs-manifest*.json") if not path.name.endswith(STAMP)]
    return max(others, default=folder / PAIRS)


def _parsed(path: Path, parse: Callable[[bytes, str], Parsed]) -> Parsed | None:
    """The manifest, or None where there is no such file."""
    try:
        if path.stat().st_size > MAX_MANIFEST:
            raise ManifestError(f"more than {MAX_MANIFEST >> 20} MiB", where=str(path), fix="split the pack")
        return parse(path.read_bytes(), str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ManifestError(
            f"cannot be read ({error.strerror})", where=str(path), fix="check its rights"
        ) from error


def _there(folder: Path, pack: str, *urls: str) -> bool:
    prefix = f"/presets/{pack}/"
    return all(
        (folder / unquote(url.removeprefix(prefix))).is_file() for url in urls if url.startswith(prefix)
    )


def _count_missing(warnings: list[str], folder: Path, all_: Sequence[object], kept: Sequence[object]) -> None:
    if len(kept) == len(all_):
        return
    held = set(map(id, kept))
    gone = [
        getattr(item, "fg_url", None) or getattr(item, "url", "") for item in all_ if id(item) not in held
    ]
    names = ", ".join(gone[:NAMED_AT_MOST]) + (", ..." if len(gone) > NAMED_AT_MOST else "")
    warnings.append(
        f"{folder}: {len(gone)} of {len(all_)} entries name a preset file that is missing ({names}); "
        "they are left out; build or sync the pack again."
    )
