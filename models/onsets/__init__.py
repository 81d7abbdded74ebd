"""Training of the onset network (offline; the live process never imports it)."""
