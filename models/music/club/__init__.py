"""Club music: rhythms, drums, synthesisers, form and mix."""
