"""Clocks of others, and ours for others. Each is imported only where it is configured."""
