"""Mistakes of content that reading does not refuse: rules, each in a file of its own, and the issues that they find."""
