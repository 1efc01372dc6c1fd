"""Value sets beside the whole classification: families with holes, codes that are none, and expansions of what is meant."""
