"""Embeddings of presets: what is alike, found exactly."""
