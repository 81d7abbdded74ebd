"""Styles of the training split. None of their patterns and progressions appears in the validation split."""

from __future__ import annotations

from models.music.score.dances import DANCES
from models.music.score.games import GAMES
from models.music.score.grooves import GROOVES
from models.music.score.songs import SONGS

TRAIN = SONGS + GROOVES + DANCES + GAMES
