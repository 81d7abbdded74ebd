"""MilkDrop preset files: reading, writing, canonical form, identity."""
