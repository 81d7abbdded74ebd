"""Sounds and faults of the field: noises, crowds, speech, rooms, filters, devices. Plain NumPy."""
