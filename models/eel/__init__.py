"""EEL, the language of MilkDrop's equations: read, and run without a renderer."""
