"""Pairs of presets: what is learned of them, and the files that tell it."""
