"""Pieces for bands: styles in a notation of patterns, chords, melodies, tempo; no sound yet."""
