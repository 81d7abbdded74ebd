"""From MilkDrop's presets to what the stage runs."""
