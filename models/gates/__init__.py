"""Whether a learned score may be published: gates on information, not on spread alone."""
