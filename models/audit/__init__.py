"""Is each artefact of a pack worth keeping? Evidence for every file and every metric."""
