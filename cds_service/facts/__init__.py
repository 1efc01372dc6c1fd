"""Facts: the typed catalogue of what a chart can document, and how it is found there."""
