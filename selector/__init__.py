"""The decider: what to show next and when. Pure; knows of `dsp` only what a snapshot and its events are."""
