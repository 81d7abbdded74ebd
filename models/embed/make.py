"""Makes an embedding of a folder of presets, looks at it, and keeps it only if it means something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.embed import code, evaluate
from models.embed.honesty import Honesty, examine
from models.embed.store import About, Stored, corpus_sha256, load, save
from models.embed.vectors import Neighbour, Vectors
from models.errors import EmbeddingError, GateError
from models.features import program
from models.features.corpus import open_corpus
from models.packs.canonical import sha256_hex


@dataclass(frozen=True)
class Made:
    """What was made.

    Attributes:
        about: as written beside the vectors.
        refused: path and reason of files that are no presets.
        honesty: what was found of the vectors.
    """

    about: About
    refused: Sequence[tuple[Path, str]]
    honesty: Honesty


def make_code_view(presets: Path, out: Path, replicates: int = 1000) -> Made:
    """Embed the folder `presets` by its code, into the folder `out`.

    Raises:
        PresetError: there are no presets.
        EmbeddingError: too few, or none of them share a title, so that nothing can be said of the vectors.
        GateError: the vectors do not lie as versions of a preset should; nothing is written.
    """
    corpus = open_corpus(presets)
    view = code.CodeView(corpus.programs)
    vectors = view.embed(corpus.programs)
    titles = evaluate.stems(corpus.names)
    honesty = examine(vectors, evaluate.relatives(titles), replicates=replicates)
    if honesty.faults:
        raise GateError("; ".join(honesty.faults), where=str(presets))
    about = About(
        view="code",
        model=code.MODEL,
        weights_sha256=sha256_hex(Path(code.__file__).read_bytes() + Path(program.__file__).read_bytes()),
        licence="none needed: computed from the presets by this program",
        dimension=code.DIMENSION,
        corpus_sha256=corpus_sha256(vectors),
        count=len(vectors),
        parameters={
            "terms": len(view.rarity),
            "leastPresets": code.LEAST_PRESETS,
            "mostShare": code.MOST_SHARE,
        },
        measured=_measured(vectors, titles, honesty, replicates),
    )
    save(out, vectors, {name: names[0] for name, names in corpus.names.items()}, about)
    return Made(about, corpus.refused, honesty)


def similar(folder: Path, what: str, k: int) -> tuple[str, list[Neighbour], Stored]:
    """The `k` presets nearest to `what`, an id, the beginning of one, or a part of exactly one name.

    Returns:
        The id that was meant, its neighbours, and the embedding.

    Raises:
        EmbeddingError: no embedding, or `what` is none or several.
    """
    stored = load(folder)
    known = stored.names
    if what not in stored.vectors:
        plain = what.casefold()
        found = [name for name in known if name.startswith(plain)]
        found = found or [name for name, title in known.items() if title.casefold() == plain]
        found = found or [name for name, title in known.items() if plain in title.casefold()]
        if len(found) != 1:
            titles = ", ".join(repr(known[name]) for name in found[:4])
            meant = f"{len(found)} presets are meant by {what!r} ({titles})" if found else f"no {what!r} here"
            raise EmbeddingError(meant, where=str(folder), fix="say the id, or the whole name")
        what = found[0]
    return what, stored.vectors.nearest(stored.vectors.row(what), k, but=what), stored


def _measured(
    vectors: Vectors, titles: Mapping[str, frozenset[str]], honesty: Honesty, replicates: int
) -> dict[str, str]:
    found = evaluate.retrieval(vectors, titles, replicates)
    lines = {
        "titles": f"{found.queries} queries: MRR {found.mrr}, hit@{evaluate.HIT} {found.hit:.3f}",
        "nearness": str(honesty.nearness),
    }
    for name, chance in evaluate.nulls(vectors).items():
        null = evaluate.retrieval(chance, titles, replicates)
        lines[name] = f"MRR {null.mrr}, hit@{evaluate.HIT} {null.hit:.3f}"
    return lines
