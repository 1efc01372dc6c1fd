"""Value sets beside the whole classification."""
