"""Chord progressions that several training styles draw from, in the notation of `styles`."""

from __future__ import annotations

POP = ("1 5 6 4", "6 4 1 5", "1 6 4 5", "4 5 3 6", "1 4 1 5", "1 3 4 5", "6 5 4 5", "1 5,4 1 4,5")
MINOR = ("1 6 3 7", "1 7 6 7", "1 4 1 5", "1 6 4 5", "1 1 4 5", "1 7 6 5", "1 3 7 4")
BLUES = ("1 1 1 1 4 4 1 1 5 4 1 5", "1 4 1 1 4 4 1 1 5 5 1 1")
JAZZ = ("2 5 1 6", "1 6 2 5", "2 5 1 1", "3,6 2,5 1 1", "1,6 2,5 3,6 2,5", "4 4 3 6 2 5 1 1")
FOLK = ("1 1 4 1 1 5 1 1", "1 4 5 1", "1 5 1 4 1 5 1 1", "1 1 5 5 5 5 1 1")
