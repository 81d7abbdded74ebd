"""An embedding on disk: `vectors.npy` (int16), `ids.txt` (id, tab, name), `embedding.json` (what made it)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from models.embed.vectors import LENGTH, Vectors
from models.errors import EmbeddingError
from models.packs.canonical import readable_json, sha256_hex

VECTORS_FILE, IDS_FILE, ABOUT_FILE = "vectors.npy", "ids.txt", "embedding.json"
VIEWS = ("code", "look", "both", "text")


@dataclass(frozen=True)
class About:
    """What made an embedding.

    Attributes:
        view: one of `VIEWS`.
        model: name, and for weights from a package its version.
        weights_sha256: of the weights; for what needs none, of the code that makes the vectors.
        licence: of the weights.
        dimension: components of a vector.
        corpus_sha256: of the sorted ids, one a line.
        count: number of vectors.
        parameters: what else changes them.
        measured: what was found by them, and by chance, as text.
        length: every vector has it, to rounding.
    """

    view: str
    model: str
    weights_sha256: str
    licence: str
    dimension: int
    corpus_sha256: str
    count: int
    parameters: dict[str, str | int | float] = field(default_factory=dict)
    measured: dict[str, str] = field(default_factory=dict)
    length: int = LENGTH


@dataclass(frozen=True)
class Stored:
    """An embedding as it was read; `names` by id."""

    vectors: Vectors
    names: Mapping[str, str]
    about: About


def corpus_sha256(vectors: Vectors) -> str:
    """Hash of what was embedded."""
    return sha256_hex("\n".join(vectors.ids).encode("utf-8"))


def save(folder: Path, vectors: Vectors, names: Mapping[str, str], about: About) -> None:
    """Write an embedding; `folder` is made if need be. `embedding.json` comes last, so half is none."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ABOUT_FILE).unlink(missing_ok=True)
    np.save(folder / VECTORS_FILE, vectors.rows, allow_pickle=False)
    lines = "".join(f"{name}\t{' '.join(names.get(name, '').split())}\n" for name in vectors.ids)
    (folder / IDS_FILE).write_text(lines, encoding="utf-8", newline="\n")
    (folder / ABOUT_FILE).write_bytes(readable_json(asdict(about)))


def load(folder: Path) -> Stored:
    """Read an embedding.

    Raises:
        EmbeddingError: it is not there, not whole, or not what its description says.
    """
    fix = "make it again with `aivjd models embed`"
    try:
        about = msgspec.json.decode((folder / ABOUT_FILE).read_bytes(), type=About)
        lines = (folder / IDS_FILE).read_text(encoding="utf-8").removesuffix("\n").split("\n")
        rows = np.load(folder / VECTORS_FILE, allow_pickle=False)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise EmbeddingError(f"no embedding can be read ({error})", where=str(folder), fix=fix) from error
    said = (about.count, about.dimension)
    if rows.dtype != np.int16 or rows.shape != said or about.length != LENGTH:
        raise EmbeddingError(f"vectors are not {said} of whole numbers", where=str(folder), fix=fix)
    names = {name: title for name, _, title in (line.partition("\t") for line in lines)}
    vectors = Vectors([line.partition("\t")[0] for line in lines], rows)
    if corpus_sha256(vectors) != about.corpus_sha256:
        raise EmbeddingError("ids are not those that were embedded", where=str(folder), fix=fix)
    return Stored(vectors, names, about)
