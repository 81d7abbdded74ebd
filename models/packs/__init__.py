"""Packs: folders of presets with the manifests that the selector and the stage read."""
