"""Where compiled kernels are kept.

numba's own cache notices a change of the defining file only, not of the modules it imports; so the
folder is named by a hash of all jitted sources. Import this before anything of `dsp`.
"""

from __future__ import annotations

import os
from pathlib import Path

from daemon.fingerprint import kernels_sha256


def activate() -> Path:
    """Point numba at the cache folder of these sources, unless the user chose one."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return Path(chosen)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "aivjd" / f"kernels-{kernels_sha256()[:16]}"
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return folder
