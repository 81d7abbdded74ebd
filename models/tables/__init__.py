"""Tables of presets, pairs and what was measured of them: Parquet with a schema that is checked."""
