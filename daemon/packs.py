"""Reads pack folders into the catalogue that the selector draws from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from daemon.errors import ManifestError
from selector import manifests
from selector.catalog import Catalog

PAIR_MANIFESTS = ("pairs-manifest.v0.json", "pairs-manifest.filtered.current.json")
MAX_MANIFEST = 256 << 20
