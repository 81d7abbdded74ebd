"""What made music needs from the machine besides Python: a synthesiser, sound fonts, a voice.

Sound fonts are read where Debian puts them; none is shipped. Licences: `docs/data-licences.md`.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import shutil
from functools import cache
from pathlib import Path

import msgspec

from models.errors import ModelsError
from models.music.clip import Split

FONT_FOLDERS = (Path("/usr/share/sounds/sf2"), Path("/usr/share/sounds/sf3"), Path("/usr/share/soundfonts"))


class MissingPackageError(ModelsError):
    """The machine lacks a program, a library or a sound font."""

    exit_code = 3


class Font(msgspec.Struct, frozen=True):
    """A General-MIDI sound font.

    Attributes:
        file: name of the file in one of `FONT_FOLDERS`.
        package: Debian package that brings it.
        split: the only split that may use it; FluidR3 and what is derived from it stay on one side.
        share: how often it is drawn, relative to the others; low where loading takes long.
    """

    file: str
    package: str
    split: Split
    share: float


FONTS = (
    Font("FluidR3_GM.sf2", "fluid-soundfont-gm", "train", 0.36),
    Font("TimGM6mb.sf2", "timgm6mb-soundfont", "train", 0.38),
    Font("FluidR3Mono_GM.sf3", "fluidr3mono-gm-soundfont", "train", 0.11),
    Font("MuseScore_General_Lite.sf3", "musescore-general-soundfont-small", "train", 0.15),
    Font("sf_GMbank.sf2", "csound-soundfont", "valid", 0.7),
    Font("OPL-3_FM_128M.sf2", "opl3-soundfont", "valid", 0.3),
)


def _missing(what: str, package: str) -> MissingPackageError:
    return MissingPackageError(
        what, fix=f"install the Debian package {package}, or run tools/system-packages.sh models"
    )


@cache
def fluidsynth() -> ctypes.CDLL:
    """The library of FluidSynth, version 2.2 or newer.

    Raises:
        MissingPackageError: it is not installed.
    """
    name = ctypes.util.find_library("fluidsynth") or "libfluidsynth.so.3"
    try:
        return ctypes.CDLL(name)
    except OSError as error:
        raise _missing("the synthesiser library FluidSynth is not installed", "libfluidsynth3") from error


@cache
def espeak() -> str:
    """Path of the program `espeak-ng`.

    Raises:
        MissingPackageError: it is not installed.
    """
    path = shutil.which("espeak-ng")
    if path is None:
        raise _missing("the speech synthesiser espeak-ng is not installed", "espeak-ng")
    return path


@cache
def font_path(font: Font) -> Path:
    """Where a sound font lies.

    Raises:
        MissingPackageError: it is not installed.
    """
    for folder in FONT_FOLDERS:
        if (folder / font.file).is_file():
            return folder / font.file
    raise _missing(f"the sound font {font.file} is not installed", font.package)


def fonts(split: Split) -> list[Font]:
    """The sound fonts of one split. All must be installed, or the same seed would make other music."""
    return [font for font in FONTS if font.split == split]
