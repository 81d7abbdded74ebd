"""Measuring: presets rendered in the audience's own engine, and what the picture was like."""
