"""The trained network of this version, as constant data.

Weights are code: they decide as much as any line does, and come with the package and its fingerprint. So
they are read once, at import, like a module's own bytes, and the pure rooms need no file access to use them.
"""

from __future__ import annotations

from importlib.resources import files

from dsp.errors import WeightsError
from dsp.network import REPAIR, Weights, parse

FILE = "beatnet.bin"


def _packaged() -> Weights:
    try:
        data = files(__name__).joinpath(FILE).read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot be read ({error})", where=f"dsp/weights/{FILE}", fix=REPAIR) from error
    return parse(data, where=f"dsp/weights/{FILE}")


BEATNET = _packaged()
"""See `card.md` beside the file for what it was trained on and how well it does."""
