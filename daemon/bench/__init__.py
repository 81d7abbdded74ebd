"""Measurements of this machine; each prints what it measured and how."""
